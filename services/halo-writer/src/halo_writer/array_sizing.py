"""Learning how many rows an array may have: one writer tries more, all go by what was learnt (spec section 9)."""

from dataclasses import dataclass
from http import HTTPStatus

import structlog
from halosync.domain.array_size import ArraySize, ArraySizeBounds, after_failed, after_taken, first_size, larger
from halosync.ports.failures import HaloFailure

from halo_writer.ports import ArraySizes

log = structlog.get_logger(__name__)

TRIAL_S = 30.0
"""Beyond the time that a request takes, a trial is another's after so long: its writer may have died."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How many rows the next array may have, and what was known when that was decided.

    `is_first` says that nothing was known: `size` is where the settings start, and no array of it has been taken yet.
    """

    rows: int
    size: ArraySize
    is_trial: bool = False
    is_first: bool = False


class ArraySizing:
    """Decides on the size of arrays, and learns from what becomes of them."""

    def __init__(self, sizes: ArraySizes, bounds: ArraySizeBounds, request_s: float) -> None:
        self._sizes = sizes
        self._bounds = bounds
        self._trial_s = request_s + TRIAL_S

    async def turn(self, tenant: str, waiting: int, *, again: bool = False) -> Turn:
        """Return how many of `waiting` rows go into the next array.

        `again`: some of them were sent before. They are no trial: rows that failed in a large array, and come again
        when that size may be tried anew, would fail in it until their attempts are used up.
        """
        learnt = await self._sizes.learnt(tenant)
        size = first_size(learnt, self._bounds)
        if learnt is None:
            return Turn(size.rows, size, is_first=True)
        tried = larger(size, self._bounds)
        pays = not again and tried is not None and waiting > size.rows
        if pays and await self._sizes.begin_trial(tenant, size, trial_s=self._trial_s):
            return Turn(tried or size.rows, size, is_trial=True)
        return Turn(size.rows, size)

    async def taken(self, tenant: str, turn: Turn, sent: int, took_s: float) -> None:
        """Learn from an array that Halo took."""
        learnt = after_taken(turn.size, sent, took_s, self._bounds)
        if turn.is_first and learnt == turn.size and sent >= turn.size.rows:
            await self._sizes.learn_first(tenant, learnt)
        else:
            await self._learn(tenant, turn, learnt)

    async def failed(self, tenant: str, turn: Turn, sent: int, failure: HaloFailure) -> None:
        """Learn from an array that failed; a missing right says nothing of its size."""
        if failure.status == HTTPStatus.FORBIDDEN:
            await self._learn(tenant, turn, turn.size)
            return
        learnt = after_failed(
            turn.size,
            sent,
            failure.failure,
            answered=failure.status is not None,
            rows_named=bool(failure.named_rows),
            bounds=self._bounds,
        )
        await self._learn(tenant, turn, learnt)

    async def unsent(self, tenant: str, turn: Turn) -> None:
        """Let another try: nothing was sent."""
        await self._learn(tenant, turn, turn.size)

    async def _learn(self, tenant: str, turn: Turn, learnt: ArraySize) -> None:
        if learnt != turn.size:
            log.info("size of arrays", tenant=tenant, rows=learnt.rows, ceiling=learnt.ceiling)
        if learnt != turn.size or turn.is_trial:
            await self._sizes.learn(tenant, learnt)
