"""A double of `halosync.store.array_sizes.ArraySizeStore`, under the same suite (tests/integration/actions)."""

from dataclasses import replace

from halosync.domain.array_size import CEILING_S, ArraySize

from simulation.clock import now
from simulation.database import Database, Step, at_once


class MemoryArraySizes:
    """A double of `halosync.store.array_sizes.ArraySizeStore`."""

    def __init__(self, database: Database, step: Step = at_once) -> None:
        self._db = database
        self._step = step

    async def learnt(self, _tenant: str) -> ArraySize | None:
        """As `ArraySizeStore.learnt`."""
        return await self._step(self._learnt)

    def _learnt(self) -> ArraySize | None:
        size = self._db.array_size
        if size is not None and self._db.array_ceiling_until <= now():
            return replace(size, ceiling=None, reason=None)
        return size

    async def learn_first(self, _tenant: str, size: ArraySize) -> None:
        """As `ArraySizeStore.learn_first`."""

        def effect() -> None:
            self._db.array_size = self._db.array_size or size

        await self._step(effect)

    async def begin_trial(self, _tenant: str, size: ArraySize, *, trial_s: float) -> bool:
        """As `ArraySizeStore.begin_trial`."""

        def effect() -> bool:
            if self._db.array_trial_until > now():
                return False
            self._db.array_size, self._db.array_trial_until = self._learnt() or size, now() + trial_s
            return True

        return await self._step(effect)

    async def learn(self, _tenant: str, size: ArraySize) -> None:
        """As `ArraySizeStore.learn`."""

        def effect() -> None:
            known = self._db.array_size
            if known is None or (known.ceiling, known.reason) != (size.ceiling, size.reason):
                self._db.array_ceiling_until = now() + (0.0 if size.reason is None else CEILING_S[size.reason])
            self._db.array_size, self._db.array_trial_until = size, 0.0

        await self._step(effect)
