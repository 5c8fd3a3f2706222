"""The rows of actions in Postgres, and their double of the simulation, set up alike."""

import pytest
from halosync.store.pool import Pool

from .memory_stage import MemoryStage
from .real_stage import RealStage
from .stages import Stage


@pytest.fixture
async def real_stage(pool: Pool) -> RealStage:
    stage = RealStage(pool)
    await stage.set_up()
    return stage


@pytest.fixture(params=["postgres", "double"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """One after the other; the double needs no database."""
    if request.param == "double":
        return MemoryStage()
    stage: RealStage = request.getfixturevalue("real_stage")
    return stage
