"""A run while one planner alone works on it: claimed, given back, or ended as failed."""

from uuid import UUID

from halosync.domain.run_order import RunMode
from halosync.domain.states import RunState
from halosync.ports.run_claim import ClaimedRun
from halosync.store.limiter import own_rate
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES
from halosync.store.runs import end_run

CLAIM_S = 180.0
"""A planner that has not come back after so long is taken to be dead; its run is claimed by another."""


class RunWork:
    """Claims runs. Everything it changes is fenced by the claim."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(self, run_id: UUID, claim: UUID) -> ClaimedRun | None:
        """Claim a run; None if it has ended, is already being written, or another planner has it."""
        row = await QUERIES.claim_run(self._pool, run_id=run_id, claim=claim, claim_s=CLAIM_S)
        if row is None:
            return None
        return ClaimedRun(
            run_id=row["run_id"],
            partner_id=row["partner_id"],
            invoice_pk=row["invoice_pk"],
            tenant=row["tenant"],
            mode=RunMode(row["mode"]),
            approve_removals=row["approve_removals"],
            approve_review=row["approve_review"],
            accept_shrunk_read=row["accept_shrunk_read"],
            seen_missing=row["seen_missing"],
            attempts=row["attempts"],
            rate=own_rate(row["rate_requests"], row["rate_window_s"]),
            settle_wait_s=row["settle_wait_s"],
        )

    async def release(self, run_id: UUID, claim: UUID, *, attempts: int, wait_s: float) -> None:
        """Give the run back; its next turn comes in `wait_s` seconds."""
        await QUERIES.release_run(self._pool, run_id=run_id, claim=claim, attempts=attempts, wait_s=wait_s)

    async def planning(self, run_id: UUID, claim: UUID) -> bool:
        """Say that the read is complete, and hold the run anew; False if the claim is lost."""
        return await QUERIES.begin_planning(self._pool, run_id=run_id, claim=claim, claim_s=CLAIM_S) is not None

    async def fail(self, run_id: UUID, claim: UUID, code: str, error: str, *, missing: int | None = None) -> None:
        """End the run as failed: nothing has been written. A lost claim changes nothing.

        `missing`: how many known licences its read lacked, where that is why.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            if await QUERIES.lock_claimed_run(connection, run_id=run_id, claim=claim) is not None:
                if missing is not None:
                    await QUERIES.note_missing(connection, run_id=run_id, missing=missing)
                await end_run(connection, run_id, RunState.FAILED, error_code=code, error=error)
                await QUERIES.forget_read(connection, read_id=run_id)
