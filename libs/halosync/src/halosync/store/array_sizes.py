"""How large arrays of writes may be, as learnt for each tenant (spec section 9)."""

from halosync.domain.array_size import CEILING_S, ArraySize, CeilingReason
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES


class ArraySizeStore:
    """Remembers it for all processes, and lets one of them at a time try a larger one."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def learnt(self, tenant: str) -> ArraySize | None:
        """Return what was learnt; None if nothing was, or a month ago."""
        row = await QUERIES.array_size(self._pool, tenant=tenant)
        if row is None:
            return None
        return ArraySize(row["rows"], row["ceiling"], row["reason"] and CeilingReason(row["reason"]))

    async def learn_first(self, tenant: str, size: ArraySize) -> None:
        """Remember the first size that worked; what was learnt since stays."""
        await QUERIES.learn_first_array_size(self._pool, tenant=tenant, rows=size.rows)

    async def begin_trial(self, tenant: str, size: ArraySize, *, trial_s: float) -> bool:
        """Take the right to try a larger array, for `trial_s` seconds at most; False if another has it."""
        return await QUERIES.begin_array_trial(self._pool, tenant=tenant, rows=size.rows, trial_s=trial_s) is not None

    async def learn(self, tenant: str, size: ArraySize) -> None:
        """Remember it; a trial ends with that."""
        await QUERIES.learn_array_size(
            self._pool,
            tenant=tenant,
            rows=size.rows,
            ceiling=size.ceiling,
            reason=size.reason,
            ceiling_s=0.0 if size.reason is None else CEILING_S[size.reason],
        )
