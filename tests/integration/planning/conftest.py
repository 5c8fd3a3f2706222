"""What a planner keeps, in Postgres and in the double of the simulation: runs, reads and plans, set up alike."""

from tests.integration.both_stages import both_stages

from .memory_stage import MemoryStage
from .real_stage import RealStage

real_stage, stage = both_stages(RealStage, MemoryStage)
