"""Runs: asked for, claimed by a planner, ended. The rules of one run at a time live in the schema."""

from dataclasses import fields
from uuid import UUID

import structlog

from halosync.contracts.run import RunFinished, RunRequested
from halosync.domain import write_sentences
from halosync.domain.acts import AUTO_SYNC, Act, Actor
from halosync.domain.model import Outcome, Reason
from halosync.domain.run_order import RunOrder, SeenChange
from halosync.domain.states import Counters, RunState, final_state
from halosync.observability.metrics import RUNS_FINISHED, SWEPT
from halosync.observability.tracing import of_invoice
from halosync.ports.run_start import (
    NoRunError,
    RunNotStartedError,
)
from halosync.store.audit import record
from halosync.store.outbox import emit
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES
from halosync.store.run_start import start_run
from halosync.store.run_views import run_view
from halosync.store.seen import change_since, undo_changed_since

log = structlog.get_logger(__name__)


class RunStore:
    """Starts and cancels runs, for the API, the operator's command and auto_sync.

    Arguments and errors: the Protocol `report_api.stores.runs.Runs`.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def request(self, partner_id: str, order: RunOrder, *, by: Actor) -> UUID:
        """Start a run and return its id."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await start_run(connection, partner_id, order, by=by)

    async def changed_since(self, partner_id: str, run_id: UUID) -> SeenChange | None:
        """Return why a page of this run does not hold any more, as `request` judges it; None if it does."""
        async with self._pool.acquire() as connection:
            undo = await QUERIES.seen_undo(connection, run_id=run_id, partner_id=partner_id)
            if undo is not None and undo["undoes"] is not None:
                return await undo_changed_since(connection, partner_id, run_id, undo["undoes"])
            return await change_since(connection, partner_id, run_id)

    async def cancel(self, partner_id: str, run_id: UUID, *, by: Actor) -> bool:
        """Ask a run to stop: what is not yet sent is not sent. False if it has already ended."""
        async with self._pool.acquire() as connection, connection.transaction():
            asked = await QUERIES.cancel_asked(connection, run_id=run_id, partner_id=partner_id)
            if asked is None:
                raise NoRunError(str(run_id))
            row = await QUERIES.request_cancel(connection, run_id=run_id, partner_id=partner_id)
            if row is None:
                return False
            if not asked:
                await record(connection, by, Act.RUN_CANCELLED, partner_id=partner_id, subject=str(run_id))
            if row["state"] == RunState.WRITING:
                await withdraw_cancelled(connection, run_id)
                await finish_if_done(connection, run_id)
            else:
                await end_run(connection, run_id, RunState.CANCELLED)
            return True

    async def start_wanted(self, partner_id: str) -> UUID | None:
        """Start the run that auto_sync still owes the partner, if any and if it can start now."""
        invoice_id = await QUERIES.invoice_to_sync(self._pool, partner_id=partner_id)
        if invoice_id is None:
            return None
        async with self._pool.acquire() as connection, connection.transaction():
            try:
                return await start_run(connection, partner_id, RunOrder(invoice_id=invoice_id), by=AUTO_SYNC)
            except RunNotStartedError:
                return None  # it stays wanted: the end of the run, the connection or a person brings us here again

    async def start_all_wanted(self) -> None:
        """Start what auto_sync owes to anybody: the message that should have brought us here may have been lost."""
        async for row in QUERIES.partners_to_sync(self._pool):
            await self.start_wanted(row["partner_id"])

    async def redeliver_due(self) -> int:
        """Ask again for runs that nobody works on: their message was lost or their planner died."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = [row async for row in QUERIES.lock_due_runs(connection)]
            for row in rows:
                with of_invoice("ask again for a run", row["partner_id"], row["invoice_id"], row["revision"]):
                    await emit(connection, RunRequested(run_id=row["run_id"], partner_id=row["partner_id"]))
            if rows:
                await QUERIES.redeliver_runs(connection, run_ids=[row["run_id"] for row in rows])
                SWEPT.labels("run").inc(len(rows))
            return len(rows)


async def withdraw_cancelled(connection: Connection, run_id: UUID) -> None:
    """Take back what a stopping run has not sent, in the caller's transaction."""
    await QUERIES.withdraw_waiting(
        connection,
        run_id=run_id,
        outcome=Outcome.SKIPPED,
        reason=Reason.RUN_CANCELLED,
        detail=write_sentences.RUN_CANCELLED,
    )
    await QUERIES.close_batches_without_work(connection, run_id=run_id)


async def finish_if_done(connection: Connection, run_id: UUID) -> None:
    """End a writing run in the caller's transaction if none of its items is pending any more."""
    run = await QUERIES.run_standing(connection, run_id=run_id)
    counters = Counters(**{each.name: run[each.name] for each in fields(Counters)})
    if run["state"] != RunState.WRITING or counters.pending:
        return
    state = final_state(
        counters, connection_lost=run["error_code"] is not None, cancelled=run["cancel_requested_at"] is not None
    )
    await end_run(connection, run_id, state, error_code=run["error_code"], error=run["error"])


async def end_run(
    connection: Connection, run_id: UUID, state: RunState, *, error_code: str | None = None, error: str | None = None
) -> bool:
    """End a run in the caller's transaction and tell the world; False if it had already ended."""
    run = await QUERIES.finish_run(connection, run_id=run_id, state=state, error_code=error_code, error=error)
    if run is None:
        return False
    ended = RunFinished.model_validate(await run_view(connection, run_id), from_attributes=True)
    await emit(connection, ended)
    RUNS_FINISHED.labels(state).inc()
    counts = ended.counters.model_dump(include={"synced", "skipped", "held", "failed"})
    told = {"run_id": str(run_id), "partner_id": ended.partner_id, "state": state.value, "error_code": error_code}
    log.info("run ended", **told, **counts)
    return True
