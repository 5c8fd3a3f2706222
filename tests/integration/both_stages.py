"""Tests of a store that its double of the simulation must pass too: a fixture for each, and one for both."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import pytest
from halosync.store.pool import Pool


class RealStage(Protocol):
    """A stage on Postgres."""

    async def set_up(self) -> None: ...


Real = TypeVar("Real", bound=RealStage)
Double = TypeVar("Double")


def both_stages(
    real: Callable[[Pool], Real], double: Callable[[], Double]
) -> tuple[Callable[[Pool], Awaitable[Real]], Callable[[pytest.FixtureRequest], Real | Double]]:
    """Return the fixtures `real_stage` and `stage`, for the folder whose conftest names them so."""

    @pytest.fixture
    async def real_stage(pool: Pool) -> Real:
        stage = real(pool)
        await stage.set_up()
        return stage

    @pytest.fixture(params=["postgres", "double"])
    def stage(request: pytest.FixtureRequest) -> Real | Double:
        """One after the other; the double needs no database."""
        if request.param == "double":
            return double()
        found: Real = request.getfixturevalue("real_stage")
        return found

    return real_stage, stage
