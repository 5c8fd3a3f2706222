"""Access tokens as processes get them: of auth, and of the simulation's double, under one suite."""

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from auth.access_tokens import AccessTokens
from halosync.contracts.connection import TokenGranted, TokenRequest
from halosync.contracts.message import Message
from halosync.ports.tokens import TokenSource
from halosync.runtime.tokens import Tokens
from simulation.fault_rates import NONE
from simulation.halo import Halo
from simulation.process import Dice, Process
from simulation.scenario import drawn_scenario
from simulation.tokens import Auth, MemoryTokens

if TYPE_CHECKING:
    from tests.integration.auth.conftest import World

PARTNER, TENANT = "acme-msp", "acme"
Sources = tuple[TokenSource, TokenSource]


@dataclass(frozen=True)
class AskerOf:
    """Asks a replica of auth without the broker between."""

    tokens: AccessTokens

    async def ask(self, request: Message) -> Message:
        assert isinstance(request, TokenRequest)
        return await self.tokens.get(request.partner_id, request.rejected_generation)


@pytest.fixture(params=["auth", "memory"])
def real(request: pytest.FixtureRequest) -> "World | None":
    """Two replicas of auth; None: the double takes their place."""
    return request.getfixturevalue("world") if request.param == "auth" else None


@pytest_asyncio.fixture(loop_scope="session")
async def sources(real: "World | None") -> Sources:
    """The sources of two processes."""
    if real is not None:
        await real.connect()
        return Tokens(AskerOf(real.auth.tokens)), Tokens(AskerOf(real.other.tokens))
    dice = Dice(0, NONE)
    auth = Auth(Halo(dice, drawn_scenario(Random(0))))
    return MemoryTokens(Process("first", dice), auth), MemoryTokens(Process("second", dice), auth)


def content(token: TokenGranted) -> tuple[str, str, int, str]:
    return token.partner_id, token.tenant, token.generation, token.access_token.get_secret_value()


async def test_all_processes_have_one_token_for_as_long_as_it_is_good(sources: Sources) -> None:
    tokens = [content(await source.get(PARTNER, TENANT)) for source in (*sources, *sources)]
    assert len(set(tokens)) == 1
    assert tokens[0][:2] == (PARTNER, TENANT)


async def test_a_refused_token_is_replaced_once_for_all_processes(sources: Sources) -> None:
    first, second = sources
    refused = (await first.get(PARTNER, TENANT)).generation
    assert (await second.get(PARTNER, TENANT)).generation == refused
    renewed = await first.get(PARTNER, TENANT, rejected_generation=refused)
    assert renewed.generation > refused
    assert content(await second.get(PARTNER, TENANT, rejected_generation=refused)) == content(renewed)
    assert content(await first.get(PARTNER, TENANT)) == content(renewed)


async def test_a_token_that_was_there_when_the_old_one_was_refused_is_not_told_as_renewed(sources: Sources) -> None:
    first, second = sources
    refused = (await second.get(PARTNER, TENANT)).generation
    renewed = await first.get(PARTNER, TENANT, rejected_generation=refused)
    assert renewed.renewed
    assert not (await first.get(PARTNER, TENANT)).renewed
    there = await second.get(PARTNER, TENANT, rejected_generation=refused)
    assert (there.generation, there.renewed) == (renewed.generation, False)
    assert (await second.get(PARTNER, TENANT, rejected_generation=there.generation)).renewed


async def test_a_late_word_of_an_older_refusal_replaces_nothing(sources: Sources) -> None:
    first, _ = sources
    refused = (await first.get(PARTNER, TENANT)).generation
    renewed = await first.get(PARTNER, TENANT, rejected_generation=refused)
    assert content(await first.get(PARTNER, TENANT, rejected_generation=refused)) == content(renewed)
