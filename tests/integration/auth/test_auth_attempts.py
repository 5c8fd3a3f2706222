"""How often a partner may begin to connect (spec section 10)."""

from typing import TYPE_CHECKING

import pytest
from halosync.contracts.connection import EndConnection
from halosync.ports.requests import Refusal

from tests.integration.auth.conftest import KEY, PARTNER

if TYPE_CHECKING:
    from tests.integration.auth.conftest import World
from .begin_connection import begin, refused


async def let_the_oldest_be(world: "World", seconds: float) -> None:
    """Let the first attempt be so old, and all others new."""
    await world.pool.execute("UPDATE oauth_attempt SET created_at = now()")
    await world.pool.execute(
        "UPDATE oauth_attempt SET created_at = now() - make_interval(secs => $1)"
        " WHERE state_hash = (SELECT min(state_hash::text)::bytea FROM oauth_attempt)",
        seconds,
    )


async def test_more_than_ten_attempts_a_minute_are_refused(world: "World") -> None:
    for _ in range(10):
        await world.auth.service.begin(begin(requested_by=KEY))
    await let_the_oldest_be(world, 30)
    with pytest.raises(Refusal) as caught:
        await world.auth.service.begin(begin(requested_by=KEY))
    answer = caught.value.answer
    assert answer.code == "too_many_requests"
    assert answer.retry_at is not None
    wait_s = await world.pool.fetchval("SELECT extract(epoch FROM $1::timestamptz - now())::float8", answer.retry_at)
    assert 20 < wait_s <= 30
    assert len(await world.pool.fetch("SELECT FROM oauth_attempt")) == 10
    await let_the_oldest_be(world, 61)
    assert await world.auth.service.begin(begin(requested_by=KEY)), "the first of them is a minute old"
    with pytest.raises(Refusal):
        await world.auth.service.begin(begin(requested_by=KEY))


async def test_disconnecting_does_not_give_attempts_back(world: "World") -> None:
    for _ in range(10):
        await world.auth.service.begin(begin(requested_by=KEY))
        await world.auth.service.end(EndConnection(partner_id=PARTNER, requested_by=KEY))
    with pytest.raises(Refusal) as caught:
        await world.auth.service.begin(begin(requested_by=KEY))
    assert caught.value.answer.code == "too_many_requests"


async def test_a_failed_log_in_can_be_begun_again_at_once(world: "World") -> None:
    came_back = await world.log_in()
    assert await refused(world, came_back.model_copy(update={"iss": "https://evil.example"})) == "wrong_issuer"
    assert (await world.connect()).partner_id == PARTNER
