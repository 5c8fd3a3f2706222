"""The rows of actions and batches: the truth that the writers work on. The state machine: docs/actions.md.

Every result is fenced by the mark it belongs to: what a writer that was thought dead still has to say changes
nothing. Transactions that change items lock their run first, so that locks are always taken in one order; those that
record results share that lock with each other.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType

import asyncpg

from halosync.contracts.run import LicenceActions
from halosync.domain import write_sentences
from halosync.domain.model import NamedState, Outcome, Reason
from halosync.observability.metrics import ITEMS_RECORDED, SWEPT
from halosync.observability.tracing import of_invoice
from halosync.ports.batch_work import AppliedAction, BatchAtWork, FailedAction, HaloAnswer, OpenAction
from halosync.store.batches import ISSUE_GRACE_S, close_if_done, order_of, split_off
from halosync.store.open_actions import OpenActions
from halosync.store.outbox import emit, emit_many
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES
from halosync.store.results import record_failed, record_taken
from halosync.store.runs import finish_if_done, withdraw_cancelled

SWEEP_GRACE_S = 300.0
"""A batch that was issued again is given so long before it is issued once more: the queue may just be long."""

_NO_IDS: Mapping[int, int] = MappingProxyType({})


class ActionStore(OpenActions):
    """What the writers read and write. Arguments and meaning: the Protocol `halo_writer.ports.Actions`."""

    async def look_again(self, marks: dict[int, int], *, settle_s: float) -> None:
        """Look once more in `settle_s` seconds: Halo does not show what it should."""
        await QUERIES.look_again(self._pool, item_ids=list(marks), marks=list(marks.values()), settle_s=settle_s)

    async def mark_sending(
        self, item_ids: Sequence[int], *, worker: str, send_s: float, answer_s: float, settle_s: float
    ) -> dict[int, int]:
        """Mark those that still wait as being sent by `worker`; return the number of each mark."""
        rows = QUERIES.mark_sending(
            self._pool, item_ids=list(item_ids), worker=worker, send_s=send_s, answer_s=answer_s, settle_s=settle_s
        )
        return {row["item_id"]: row["mark_no"] async for row in rows}

    async def unmark(self, marks: dict[int, int], *, charged: bool) -> None:
        """Put actions back to waiting: surely nothing of them was applied."""
        await QUERIES.unmark(
            self._pool, item_ids=list(marks), marks=list(marks.values()), uncharged=0 if charged else 1
        )

    async def mark_unknown(
        self,
        marks: dict[int, int],
        *,
        settle_s: float,
        answer: HaloAnswer | None = None,
        licence_ids: Mapping[int, int] = _NO_IDS,
    ) -> None:
        """Say that nobody knows their outcome. The time to settle counts from now: the request has ended."""
        await _mark_unknown(self._pool, marks, settle_s, answer, licence_ids)

    async def note_failures(self, batch_id: int, failures: int) -> None:
        """Keep how often in a row the batch could not even be sent."""
        await QUERIES.note_failures(self._pool, batch_id=batch_id, failures=failures)

    async def note_success(self, batch_id: int) -> None:
        """Forget the failures that went before: Halo has taken a request of the batch."""
        await QUERIES.note_success(self._pool, batch_id=batch_id)

    async def note_refused_token(self, batch_id: int, generation: int) -> None:
        """Keep which token Halo answered with 401."""
        await QUERIES.note_refused_token(self._pool, batch_id=batch_id, generation=generation)

    async def refuse(
        self,
        batch: BatchAtWork,
        marks: dict[int, int],
        named: Sequence[int],
        *,
        settle_s: float = 0.0,
        answer: HaloAnswer | None = None,
    ) -> None:
        """Keep that Halo refused the array; what of the batch was not in it goes on as a batch of its own."""
        async with self._locked(batch) as connection:
            await QUERIES.note_refused_rows(connection, batch_id=batch.batch_id, rows=list(named))
            await _mark_unknown(connection, marks, settle_s, answer, _NO_IDS)
            if await QUERIES.waits_in_batch(connection, batch_id=batch.batch_id):
                rest = await split_off(connection, batch)
                await QUERIES.move_waiting(connection, batch_id=rest, from_batch_id=batch.batch_id)
                await emit_many(connection, [order_of(batch, rest)])

    async def withdraw(self, batch: BatchAtWork) -> None:
        """Take back what a cancelled or failed run has not sent."""
        async with self._locked(batch) as connection:
            await withdraw_cancelled(connection, batch.run_id)
            await finish_if_done(connection, batch.run_id)

    async def redeliver_later(self, batch_id: int, wait_s: float) -> None:
        """Keep when the batch's message comes back, so that the sweeper knows when it is lost."""
        await QUERIES.redeliver_later(self._pool, batch_id=batch_id, wait_s=wait_s, grace_s=ISSUE_GRACE_S)

    async def adopt(self, action: OpenAction, licence_id: int, was: NamedState | None = None) -> None:
        """Turn a create that found a licence of its name into an update of that licence."""
        name, state = was or (None, None)
        await QUERIES.adopt_licence(
            self._pool,
            item_id=action.item_id,
            mark_no=action.mark_no,
            licence_id=licence_id,
            name=name,
            **{field: getattr(state, field, None) for field in ("quantity", "price", "billing_cycle", "active")},
        )

    async def record(
        self,
        batch: BatchAtWork,
        applied: Sequence[AppliedAction],
        failed: Sequence[FailedAction] = (),
        *,
        requests: int = 0,
    ) -> None:
        """Record results; with the last one the batch is done, the next ones are issued, and the run may end.

        Results of several batches of a run are written side by side; only what they change of the run is not.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.share_run(connection, run_id=batch.run_id)
            not_kept = [f for f in failed if f.otherwise is not None]
            if applied or not_kept:
                _count(await record_taken(connection, batch, applied, not_kept))
            if len(failed) > len(not_kept):
                _count(await record_failed(connection, [f for f in failed if f.otherwise is None]))
            await QUERIES.count_requests(connection, run_id=batch.run_id, requests=requests)
            await close_if_done(connection, batch)

    async def split(self, batch: BatchAtWork, parts: Sequence[dict[int, int]]) -> None:
        """Replace a refused batch by batches of its parts (item → mark), which are with the writers at once."""
        async with self._locked(batch) as connection:
            orders = []
            for part in parts:
                batch_id = await split_off(connection, batch)
                await QUERIES.move_to_batch(
                    connection,
                    batch_id=batch_id,
                    from_batch_id=batch.batch_id,
                    item_ids=list(part),
                    marks=list(part.values()),
                )
                orders.append(order_of(batch, batch_id))
            await emit_many(connection, orders)
            await close_if_done(connection, batch)

    async def lose_connection(self, batch: BatchAtWork, code: str, error: str) -> None:
        """End the run as failed because its connection is lost, once what is being sent is known.

        What waits is not sent. What cannot be looked up any more fails as unknown, and no run of the partner reads
        Halo before it can have settled.
        """
        detail = write_sentences.connection_lost(error)
        async with self._locked(batch) as connection:
            await QUERIES.note_error(connection, run_id=batch.run_id, error_code=code, error=error)
            await QUERIES.withdraw_waiting(
                connection, run_id=batch.run_id, outcome=Outcome.FAILED, reason=Reason.CONNECTION_LOST, detail=detail
            )
            settle_at = await QUERIES.give_up_unknown(
                connection, run_id=batch.run_id, reason=Reason.OUTCOME_UNKNOWN, detail=detail
            )
            if settle_at is not None:
                await QUERIES.not_settled_before(connection, partner_id=batch.partner_id, settle_at=settle_at)
            await QUERIES.close_batches_without_work(connection, run_id=batch.run_id)
            await finish_if_done(connection, batch.run_id)

    @asynccontextmanager
    async def _locked(self, batch: BatchAtWork) -> AsyncIterator[Connection]:
        """Begin a transaction with the lock on the batch's run."""
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.lock_run(connection, run_id=batch.run_id)
            yield connection

    async def close_if_done(self, batch: BatchAtWork) -> None:
        """Close a batch that has nothing open left (its actions were withdrawn)."""
        async with self._locked(batch) as connection:
            await close_if_done(connection, batch)

    async def redeliver_due(self) -> int:
        """Issue again what has been silent for too long: its message was lost, or its writer died."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = [row async for row in QUERIES.lock_due_batches(connection)]
            for row in map(dict, rows):
                with of_invoice("issue again", row["partner_id"], row.pop("invoice_id"), row.pop("revision")):
                    await emit(connection, LicenceActions(**row))
            if rows:
                await QUERIES.redeliver_batches(
                    connection, batch_ids=[row["batch_id"] for row in rows], grace_s=SWEEP_GRACE_S
                )
                SWEPT.labels("batch").inc(len(rows))
            return len(rows)


async def _mark_unknown(
    connection: "Connection | Pool",
    marks: Mapping[int, int],
    settle_s: float,
    answer: HaloAnswer | None,
    licence_ids: Mapping[int, int],
) -> None:
    await QUERIES.mark_unknown(
        connection,
        item_ids=list(marks),
        marks=list(marks.values()),
        licence_ids=[licence_ids.get(item_id) for item_id in marks],
        settle_s=settle_s,
        status=None if answer is None else answer.status,
        words=None if answer is None else answer.words,
    )


def _count(rows: Sequence[asyncpg.Record]) -> None:
    for row in rows:
        ITEMS_RECORDED.labels(row["action"], row["outcome"]).inc(row["items"])
