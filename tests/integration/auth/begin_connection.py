"""Beginning a connection, as a partner does."""

from typing import TYPE_CHECKING

import pytest
from halosync.contracts.connection import BeginConnection, CompleteConnection
from halosync.ports.requests import Refusal

from tests.integration.auth.conftest import PARTNER

if TYPE_CHECKING:
    from tests.integration.auth.conftest import World


def begin(partner_id: str = PARTNER, tenant: str = "acme", **given: object) -> BeginConnection:
    return BeginConnection(partner_id=partner_id, tenant=tenant, client_id="client-1", **given)


async def refused(world: "World", came_back: CompleteConnection) -> str:
    """Return why it was refused; nothing was exchanged, nobody is connected, and the log-in is used up."""
    before = await world.token_requests(), await world.events()
    with pytest.raises(Refusal) as caught:
        await world.auth.service.complete(came_back)
    assert (await world.token_requests(), await world.events()) == before
    assert await world.pool.fetchval("SELECT count(*) FROM oauth_token") == 0
    with pytest.raises(Refusal) as again:
        await world.auth.service.complete(came_back)
    assert again.value.answer.code == "invalid_state"
    return caught.value.answer.code
