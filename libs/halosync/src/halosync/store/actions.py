"""The rows of actions and batches: the truth that the writers work on. The state machine: docs/actions.md.

Every result is fenced by the mark it belongs to: what a writer that was thought dead still has to say changes
nothing. Transactions that change items lock their run first, so that locks are always taken in one order.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import asyncpg

from halosync.contracts.run import LicenceActions
from halosync.domain import write_sentences
from halosync.domain.batching import BatchKind
from halosync.domain.details import notes_of, restored_notes, stamp_of
from halosync.domain.licences import other_prices
from halosync.domain.model import Action, Outcome, PriceField, Reason, Removal
from halosync.domain.states import ActionState, BatchState
from halosync.observability.metrics import ITEMS_RECORDED, SWEPT
from halosync.ports.batch_work import AppliedAction, BatchAtWork, Called, FailedAction, HaloAnswer, OpenAction
from halosync.ports.licence_write import NewLicence
from halosync.store.item_views import licence_state
from halosync.store.limiter import own_rate
from halosync.store.outbox import emit_many
from halosync.store.plans import ISSUE_GRACE_S, issue
from halosync.store.queries import QUERIES, Connection
from halosync.store.results import record_applied, record_failed, record_not_kept
from halosync.store.runs import finish_if_done, withdraw_cancelled

SWEEP_GRACE_S = 300.0
"""A batch that was issued again is given so long before it is issued once more: the queue may just be long."""


_NO_IDS: Mapping[int, int] = MappingProxyType({})


class ActionStore:
    """What the writers read and write."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def batch(self, batch_id: int) -> BatchAtWork | None:
        """Return a batch that is still to be worked on; None if it is done or unknown."""
        row = await QUERIES.batch_at_work(self._pool, batch_id=batch_id)
        if row is None or row["state"] == BatchState.DONE:
            return None
        return BatchAtWork(
            batch_id=row["batch_id"],
            run_id=row["run_id"],
            partner_id=row["partner_id"],
            tenant=row["tenant"],
            kind=BatchKind(row["kind"]),
            failures=row["failures"],
            refused_generation=row["refused_generation"],
            refused_rows=None if row["refused_rows"] is None else frozenset(row["refused_rows"]),
            removal=Removal(row["removal"]),
            price_field=PriceField(row["price_field"]),
            rate=own_rate(row),
            stopping=row["stopping"],
            connected=row["connected"],
            unreviewed=row["unreviewed"],
            adopt_foreign=row["adopt_foreign"],
        )

    async def open_actions(self, batch_id: int) -> list[OpenAction]:
        """Return the actions of a batch that are not yet known to be done, in the plan's order."""
        return [
            OpenAction(
                item_id=row["item_id"],
                client_id=row["halo_client_id"],
                licence_id=row["halo_licence_id"],
                action=Action(row["action"]),
                set_name=row["set_name"],
                licence_name=row["licence_name"],
                attempt=row["attempts"],
                mark_no=row["mark_no"],
                action_state=ActionState(row["action_state"]),
                before=licence_state(row, "before"),
                after=licence_state(row, "after"),
                settle_wait_s=row["settle_wait_s"] or 0.0,
                unseen=row["unseen"],
                answer=_answer(row),
                new=_new_licence(row),
                restores=row["restores_licence_id"] is not None,
            )
            async for row in QUERIES.open_actions(self._pool, batch_id=batch_id)
        ]

    async def known_licences(self, batch: BatchAtWork, client_id: int) -> set[int]:
        """Return the licences that a client of the batch's tenant has for all that halosync knows.

        Known from the last complete read or its own writes; those that this run removes are left out.
        """
        rows = QUERIES.known_licences(
            self._pool, partner_id=batch.partner_id, tenant=batch.tenant, run_id=batch.run_id, client_id=client_id
        )
        return {row["halo_licence_id"] async for row in rows}

    async def ever_known(self, batch: BatchAtWork, licence_ids: Sequence[int]) -> set[int]:
        """Return which of these the batch's tenant had for all that halosync knows, removed ones included."""
        rows = QUERIES.ever_known(self._pool, partner_id=batch.partner_id, tenant=batch.tenant, licence_ids=licence_ids)
        return {row["halo_licence_id"] async for row in rows}

    async def created_names(self, batch: BatchAtWork, client_id: int) -> list[str]:
        """Return what all licences are to be called that the batch's run creates for a client."""
        rows = QUERIES.created_names(self._pool, run_id=batch.run_id, client_id=client_id)
        return [row["name"] async for row in rows]

    async def knows_licences(self, batch: BatchAtWork) -> bool:
        """Tell whether any client of the batch's tenant has one."""
        known: bool = await QUERIES.knows_licences(
            self._pool, partner_id=batch.partner_id, tenant=batch.tenant, run_id=batch.run_id
        )
        return known

    async def look_again(self, marks: dict[int, int], *, settle_s: float) -> None:
        """Look once more in `settle_s` seconds: Halo does not show what it should."""
        await QUERIES.look_again(self._pool, item_ids=list(marks), marks=list(marks.values()), settle_s=settle_s)

    async def mark_sending(
        self, item_ids: Sequence[int], *, worker: str, send_s: float, answer_s: float, settle_s: float
    ) -> dict[int, int]:
        """Mark actions as being sent; return the number of the mark of each that was still waiting.

        Args:
            item_ids: the actions.
            worker: who sends.
            send_s: within so many seconds the first byte is sent, or nothing is.
            answer_s: the longest a request takes.
            settle_s: how long Halo may go on applying a write whose answer was lost.
        """
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
        """Say that nobody knows whether these were applied; they are looked up after `settle_s` seconds.

        The time counts from now because the request has ended: 0 when Halo has answered. `licence_ids`, by item, are
        those that the answer names.
        """
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
        """Keep that Halo refused the array, the items its answer named, and that all of it must be looked up.

        What of the batch was not in the array goes on as a batch of its own.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.lock_run(connection, run_id=batch.run_id)
            await QUERIES.note_refused_rows(connection, batch_id=batch.batch_id, rows=list(named))
            await _mark_unknown(connection, marks, settle_s, answer, _NO_IDS)
            if await QUERIES.waits_in_batch(connection, batch_id=batch.batch_id):
                rest = await QUERIES.split_off(connection, batch_id=batch.batch_id, grace_s=ISSUE_GRACE_S)
                await QUERIES.move_waiting(connection, batch_id=rest, from_batch_id=batch.batch_id)
                await emit_many(connection, [_order(batch, rest)])

    async def withdraw(self, batch: BatchAtWork) -> None:
        """Take back what a cancelled or failed run has not sent."""
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.lock_run(connection, run_id=batch.run_id)
            await withdraw_cancelled(connection, batch.run_id)
            await finish_if_done(connection, batch.run_id)

    async def redeliver_later(self, batch_id: int, wait_s: float) -> None:
        """Keep when the batch's message comes back, so that the sweeper knows when it is lost."""
        await QUERIES.redeliver_later(self._pool, batch_id=batch_id, wait_s=wait_s, grace_s=ISSUE_GRACE_S)

    async def adopt(self, action: OpenAction, licence_id: int, was: Called | None = None) -> None:
        """Turn a create that found a licence of its name into an update of that licence.

        `was` is what that was, where somebody else has made it.
        """
        name, state = was or (None, None)
        await QUERIES.adopt_licence(
            self._pool,
            item_id=action.item_id,
            mark_no=action.mark_no,
            licence_id=licence_id,
            name=name,
            quantity=None if state is None else state.quantity,
            price=None if state is None else state.price,
            billing_cycle=None if state is None else state.billing_cycle,
            active=None if state is None else state.active,
        )

    async def record(
        self, batch: BatchAtWork, applied: Sequence[AppliedAction], failed: Sequence[FailedAction] = ()
    ) -> None:
        """Record results; with the last one the batch is done, the next ones are issued, and the run may end."""
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.lock_run(connection, run_id=batch.run_id)
            if applied:
                _count(await record_applied(connection, batch, applied), Outcome.SYNCED)
            if failed:
                _count(await record_failed(connection, [f for f in failed if f.otherwise is None]), Outcome.FAILED)
                kept = await record_not_kept(connection, batch, [f for f in failed if f.otherwise is not None])
                _count(kept, Outcome.FAILED)
            await _close(connection, batch)

    async def split(self, batch: BatchAtWork, parts: Sequence[dict[int, int]]) -> None:
        """Replace a refused batch by batches of its parts (item → mark), which are with the writers at once."""
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.lock_run(connection, run_id=batch.run_id)
            orders = []
            for part in parts:
                batch_id = await QUERIES.split_off(connection, batch_id=batch.batch_id, grace_s=ISSUE_GRACE_S)
                await QUERIES.move_to_batch(
                    connection,
                    batch_id=batch_id,
                    from_batch_id=batch.batch_id,
                    item_ids=list(part),
                    marks=list(part.values()),
                )
                orders.append(_order(batch, batch_id))
            await emit_many(connection, orders)
            await _close(connection, batch)

    async def lose_connection(self, batch: BatchAtWork, code: str, error: str) -> None:
        """End the run as failed because its connection is lost, once what is being sent is known.

        What waits is not sent. What cannot be looked up any more fails as unknown, and no run of the partner reads
        Halo before it can have settled.
        """
        detail = write_sentences.connection_lost(error)
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.lock_run(connection, run_id=batch.run_id)
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

    async def close_if_done(self, batch: BatchAtWork) -> None:
        """Close a batch that has nothing open left (its actions were withdrawn)."""
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.lock_run(connection, run_id=batch.run_id)
            await _close(connection, batch)

    async def redeliver_due(self) -> int:
        """Issue again what has been silent for too long: its message was lost, or its writer died."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = [row async for row in QUERIES.lock_due_batches(connection)]
            if rows:
                await emit_many(connection, [LicenceActions(**row) for row in rows])
                await QUERIES.redeliver_batches(
                    connection, batch_ids=[row["batch_id"] for row in rows], grace_s=SWEEP_GRACE_S
                )
                SWEPT.labels("batch").inc(len(rows))
            return len(rows)


def _new_licence(row: asyncpg.Record) -> NewLicence | None:
    """Return what a create says besides; None for what is no create, or where the partner wants nothing said."""
    if row["restores_licence_id"] is not None:
        return _restored(row)
    if row["action"] != Action.CREATE or (row["licence_type"] is None and row["invoice_id"] is None):
        return None
    if row["invoice_id"] is None:
        return NewLicence(row["licence_type"])
    notes = notes_of(row["product_name"], row["invoice_id"], stamp_of(row["run_id"], row["item_id"]))
    return NewLicence(row["licence_type"], row["product_code"], notes)


def _restored(row: asyncpg.Record) -> NewLicence:
    """Return what a create says that brings a deleted licence back: the stamp always, and both prices."""
    notes = restored_notes(row["restores_licence_id"], stamp_of(row["run_id"], row["item_id"]))
    prices = other_prices(PriceField(row["price_field"]), row["after_price"], row["was_other_price"])
    return NewLicence(row["was_licence_type"], row["product_code"] if row["details"] else None, notes, prices)


async def _close(connection: Connection, batch: BatchAtWork) -> None:
    if await QUERIES.close_batch(connection, batch_id=batch.batch_id) is not None:
        await issue(connection, batch.run_id)
        await finish_if_done(connection, batch.run_id)


def _answer(row: asyncpg.Record) -> HaloAnswer | None:
    return None if row["answer_status"] is None else HaloAnswer(row["answer_status"], row["answer_words"])


async def _mark_unknown(
    connection: "Connection | asyncpg.Pool[Any]",
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


def _order(batch: BatchAtWork, batch_id: int) -> LicenceActions:
    return LicenceActions.model_validate(
        {
            "batch_id": batch_id,
            "run_id": batch.run_id,
            "partner_id": batch.partner_id,
            "tenant": batch.tenant,
            "kind": batch.kind.value,
        }
    )


def _count(rows: Sequence[asyncpg.Record], outcome: Outcome) -> None:
    for row in rows:
        ITEMS_RECORDED.labels(row["action"], outcome).inc()
