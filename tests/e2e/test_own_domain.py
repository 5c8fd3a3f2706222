"""A Halo at a domain of the partner's own (spec section 9): by https, at a public address, under a name of its own."""

import httpx
import pytest
from devstack.own_domain import HOST
from devstack.stack import Stack

from tests.partner import APPLICATION, lines, new_partner

pytestmark = pytest.mark.e2e


async def test_a_halo_at_a_domain_of_the_partners_own_is_connected_and_synced(own_stack: Stack) -> None:
    own_domain = own_stack.own_domain
    assert own_domain is not None
    async with new_partner(own_stack) as partner:
        elsewhere = {"auth_url": "https://halo.elsewhere.example/auth"}
        await partner.halo.change_settings(
            partner.tenant, addresses=[HOST], tenant_name="acme-psa", odd_authinfo=elsewhere
        )
        with pytest.raises(httpx.HTTPStatusError, match="500"):  # Halo's page, when it does not know the tenant
            await own_domain.log_in(partner.api, partner.name, APPLICATION)
        connected = await own_domain.log_in(partner.api, partner.name, APPLICATION, halo_tenant="acme-psa")
        connected.raise_for_status()
        connection = await partner.get("/connection")
        assert (connection["state"], connection["tenant"]) == ("connected", HOST)
        await partner.publish(partner.event(lines(3)))
        run = await partner.sync()
        assert (run["state"], run["counters"]["created"]) == ("succeeded", 3)
        assert await partner.licences() == {(1, "P-0"): 1, (1, "P-1"): 2, (1, "P-2"): 3}
