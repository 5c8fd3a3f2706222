"""Starting a run, in the transaction of whoever wants it: a person, a program, auto_sync, or a retry."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from halosync.contracts.run import RunRequested
from halosync.domain.acts import Act, Actor
from halosync.domain.line_numbers import line_offset
from halosync.domain.run_order import Approval, RunMode, RunOrder, SeenChange
from halosync.domain.run_sentences import NoRun
from halosync.observability.tracing import of_invoice
from halosync.ports.run_start import (
    EmptyInvoiceError,
    NoInvoiceError,
    NoRunError,
    NotConnectedError,
    NotHeldError,
    OlderPeriodError,
    PausedError,
    PurgedError,
    RunInProgressError,
    SeenChangedError,
    SeveralInvoicesError,
)
from halosync.store.audit import record
from halosync.store.invoice_choice import month_of_run
from halosync.store.outbox import emit
from halosync.store.pool import Connection
from halosync.store.queries import QUERIES
from halosync.store.run_undos import invoices_to_undo
from halosync.store.seen import require_unchanged

_STARTED = {
    RunMode.APPLY: Act.RUN_STARTED,
    RunMode.PREVIEW: Act.PREVIEW_STARTED,
    RunMode.UNDO: Act.UNDO_STARTED,
    RunMode.UNDO_PREVIEW: Act.UNDO_PREVIEW_STARTED,
}


async def start_run(
    connection: Connection,
    partner_id: str,
    order: RunOrder,
    *,
    by: Actor,
    retry_of: UUID | None = None,
    carried_over: bool = False,
) -> UUID:
    """Start a run in the caller's transaction; see `RunStore.request`.

    `retry_of` is the run whose rest it does. `carried_over`: the removals were approved for that run, not now.
    """
    is_paused = await QUERIES.hold_partner(connection, partner_id=partner_id)
    invoices = await _invoices_of(connection, partner_id, order)
    invoice = invoices[0]
    tenant = await QUERIES.connected_tenant(connection, partner_id=partner_id)
    if tenant is None:
        raise NotConnectedError(partner_id)
    if is_paused:
        raise PausedError(partner_id)
    if order.undoes is None and (empty := [each["invoice_id"] for each in invoices if each["line_count"] == 0]):
        raise EmptyInvoiceError(empty[0])
    run_id: UUID | None = await QUERIES.insert_run(
        connection,
        partner_id=partner_id,
        invoice_pk=invoice["invoice_pk"],
        tenant=tenant,
        mode=order.mode,
        requested_by=by.name,
        approve_removals=order.approve_removals,
        approve_review=order.approve_review,
        accept_shrunk_read=order.accept_shrunk_read,
        undoes=order.undoes,
    )
    if run_id is None:
        raise RunInProgressError(await QUERIES.running(connection, partner_id=partner_id))
    if len(invoices) > 1:
        await QUERIES.insert_further_invoices(
            connection,
            run_id=run_id,
            invoice_pks=[each["invoice_pk"] for each in invoices[1:]],
            line_offsets=[line_offset(place) for place in range(1, len(invoices))],
        )
    # Only now: from here on no other run of the partner can make a plan before this one.
    await require_unchanged(connection, partner_id, order)
    if order.mode is RunMode.APPLY:
        await QUERIES.sync_no_longer_wanted(connection, invoice_pks=[each["invoice_pk"] for each in invoices])
    if order.approve is not None:
        await _approve(connection, partner_id, run_id, order.approve)
    if retry_of is not None:
        await QUERIES.carry_approvals_over(connection, run_id=run_id, retry_of=retry_of)
    with of_invoice("start a run", partner_id, invoice["invoice_id"], invoice["revision"], run_id=str(run_id)):
        await emit(connection, RunRequested(run_id=run_id, partner_id=partner_id))
    await _record(connection, partner_id, order, run_id, invoices, by=by, retry_of=retry_of, carried_over=carried_over)
    return run_id


async def _record(
    connection: Connection,
    partner_id: str,
    order: RunOrder,
    run_id: UUID,
    invoices: Sequence[asyncpg.Record],
    *,
    by: Actor,
    retry_of: UUID | None,
    carried_over: bool,
) -> None:
    """Write into the audit log who started the run, and what was approved for it."""
    entry: dict[str, Any] = {"partner_id": partner_id, "subject": str(run_id)}
    if order.undoes is not None:
        started: dict[str, object] = {"undoes": str(order.undoes)}
    else:
        started = {
            "invoice_id": " + ".join(each["invoice_id"] for each in invoices),
            "revision": invoices[0]["revision"],
            "retry_of": None if retry_of is None else str(retry_of),
        }
    await record(connection, by, _STARTED[order.mode], **entry, detail=started)
    if order.mode.writes and order.approve_removals is not None and not carried_over:
        await record(connection, by, Act.REMOVALS_APPROVED, **entry, detail={"most": order.approve_removals})
    if order.mode.writes and order.approve_review is not None and not carried_over:
        await record(connection, by, Act.REVIEW_APPROVED, **entry, detail={"most": order.approve_review})
    if order.mode.writes and order.approve is not None:
        released = {"seen_in": str(order.approve.run_id), "count": len(order.approve.item_ids)}
        await record(connection, by, Act.ITEMS_APPROVED, **entry, detail=released)
    if order.accept_shrunk_read:
        await record(connection, by, Act.SHRUNK_READ_ACCEPTED, **entry)


async def _approve(connection: Connection, partner_id: str, run_id: UUID, approval: Approval) -> None:
    """Release held items for the run, in the caller's transaction.

    Raises:
        NoRunError: the partner has no run of that id.
        NotHeldError: not all of them are held items of it.
    """
    if await QUERIES.run_to_undo(connection, run_id=approval.run_id, partner_id=partner_id) is None:
        raise NoRunError(str(approval.run_id))
    released = await QUERIES.approve_items(
        connection,
        run_id=run_id,
        seen_in=approval.run_id,
        partner_id=partner_id,
        item_ids=sorted(approval.item_ids),
    )
    if released != len(approval.item_ids):
        raise NotHeldError(str(approval.run_id))


async def _invoices_of(connection: Connection, partner_id: str, order: RunOrder) -> Sequence[asyncpg.Record]:
    """Return the invoices of the run that is ordered, the newest first; an undo has those of the run that it undoes."""
    if order.undoes is not None:
        return await invoices_to_undo(connection, partner_id, order.undoes)
    seen = order.seen
    named = order.invoice_id if seen is None else None  # what was seen must be the newest of all
    of = await month_of_run(connection, partner_id, named)
    if of is None:
        raise NoInvoiceError(order.invoice_id or "there is no invoice yet")
    if seen is not None and (of.meant["invoice_id"], of.meant["revision"]) != (seen.invoice_id, seen.revision):
        raise SeenChangedError(SeenChange.INVOICE)
    invoices = of.chosen(allow_older=order.allow_older)
    if invoices is NoRun.OLDER_PERIOD:
        raise OlderPeriodError(of.meant["invoice_id"])
    if isinstance(invoices, NoRun):
        raise SeveralInvoicesError(invoices, of.month.period, [row["invoice_id"] for row in of.rows])
    if seen is not None and seen.invoice_pks and seen.invoice_pks != {row["invoice_pk"] for row in invoices}:
        raise SeenChangedError(SeenChange.INVOICE)
    if purged := [row["invoice_id"] for row in invoices if row["purged"]]:
        raise PurgedError(purged[0])
    return invoices
