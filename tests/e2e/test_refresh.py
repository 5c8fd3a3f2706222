"""Reading Halo again for the pages of links: one partner cannot keep the others waiting (spec section 15.12)."""

import asyncio

import pytest
from devstack.stack import Stack
from devstack.wait import until

from tests.partner import Partner, new_partner

pytestmark = pytest.mark.e2e

LOOPS, ASKED = 8, 20


async def test_a_partner_with_a_slow_halo_that_asks_again_and_again_keeps_nobody_waiting(
    stack: Stack, partner: Partner
) -> None:
    async with new_partner(stack) as eager:
        await eager.connect()
        await partner.connect()
        asked_for_connecting = await clients_asked_for(eager)
        await eager.halo.add_fault(eager.tenant, match={"method": "GET"}, times=None, delay_s=20.0)
        read_ids: set[str] = set()

        async def ask_on() -> None:
            for _ in range(ASKED):
                answer = await eager.api.post(f"{eager.path}/halo/refresh")
                assert answer.status_code in {202, 429}
                if answer.status_code == 202:
                    read_ids.add(answer.json()["read_id"])

        await asyncio.gather(*(ask_on() for _ in range(LOOPS)))
        assert len(read_ids) == 1
        before = (await partner.get("/halo/clients"))["read_at"]
        (await partner.api.post(f"{partner.path}/halo/refresh")).raise_for_status()

        async def read_again() -> bool:
            return bool((await partner.get("/halo/clients"))["read_at"] != before)

        # Sooner than the eager partner's Halo answers a single request.
        await until(read_again, what="the other partner's refresh", timeout_s=15.0)
        assert await clients_asked_for(eager) - asked_for_connecting <= 2


async def clients_asked_for(partner: Partner) -> int:
    """Return how many requests for clients the partner's Halo has got."""
    log = await partner.halo.requests(partner.tenant)
    return sum(entry["path"].endswith("/Client") for entry in log if entry["method"] == "GET")
