"""The rows of actions in Postgres, and their double of the simulation, set up alike."""

from tests.integration.both_stages import both_stages

from .memory_stage import MemoryStage
from .real_stage import RealStage

real_stage, stage = both_stages(RealStage, MemoryStage)
