"""Steps of connecting a partner's Halo."""

from typing import TYPE_CHECKING

import pytest
from halosync.contracts.connection import (
    CompleteConnection,
)
from halosync.ports.requests import Refusal

if TYPE_CHECKING:
    from tests.integration.auth.conftest import World

PARTNER = "acme-msp"


async def refusal(world: "World", came_back: CompleteConnection) -> tuple[str, str | None, str]:
    with pytest.raises(Refusal) as caught:
        await world.auth.service.complete(came_back)
    answer = caught.value.answer
    return answer.code, answer.partner_id, answer.detail
