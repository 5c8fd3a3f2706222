"""What a person saw before a run was asked for, and whether that is still so (spec section 3, "Delete guard").

An approval of removals is worth no more than what it was given for: the invoice, the Halo, the kind of removal and the
number of removals of one plan. Whatever else counts by now has been looked at by nobody.
"""

from uuid import UUID

import asyncpg

from halosync.domain.run_order import RunOrder, SeenChange
from halosync.ports.run_start import SeenChangedError
from halosync.store.pool import Connection
from halosync.store.queries import QUERIES


async def change_since(
    connection: Connection, partner_id: str, run_id: UUID, approved: int | None = None, reviewed: int | None = None
) -> SeenChange | None:
    """Return why a page of this run does not hold any more; None if it does.

    `approved` is the number of removals that was approved, `reviewed` that of changes of the first review; None: only
    the page is judged.
    """
    row = await QUERIES.seen_run(connection, run_id=run_id, partner_id=partner_id)
    if row is None:
        return SeenChange.RUN
    if not row["same_invoices"]:
        return SeenChange.INVOICE
    if not row["same_halo"]:  # nothing starts without a connection, which is told elsewhere
        return SeenChange.TENANT
    if row["removal"] != row["removal_now"]:
        return SeenChange.REMOVAL
    if row["planned_since"]:
        return SeenChange.PLAN
    return _other_numbers(row, approved, reviewed)


def _other_numbers(row: asyncpg.Record, approved: int | None, reviewed: int | None) -> SeenChange | None:
    if reviewed not in (None, row["held_for_review"]):
        return SeenChange.REVIEW
    return SeenChange.HELD if approved not in (None, row["held_removals"]) else None


async def undo_changed_since(
    connection: Connection, partner_id: str, run_id: UUID, undoes: UUID, approved: int | None = None
) -> SeenChange | None:
    """Return why a page of this preview of an undo does not hold any more; None if it does. As `change_since`."""
    row = await QUERIES.seen_undo(connection, run_id=run_id, partner_id=partner_id)
    if row is None:
        return SeenChange.RUN
    if row["undoes"] != undoes:
        return SeenChange.UNDONE
    if not row["same_halo"]:
        return SeenChange.TENANT
    if row["removal"] != row["removal_now"]:
        return SeenChange.REMOVAL
    if row["planned_since"]:
        return SeenChange.PLAN
    return SeenChange.HELD if approved not in (None, row["held_removals"]) else None


async def require_unchanged(connection: Connection, partner_id: str, order: RunOrder) -> None:
    """Judge the run that was seen, if one was, in the transaction that starts another.

    Raises:
        SeenChangedError: it is not any more what the person saw.
    """
    if order.seen is None or order.seen.run_id is None:
        return
    if order.undoes is not None:
        change = await undo_changed_since(
            connection, partner_id, order.seen.run_id, order.undoes, order.approve_removals
        )
    else:
        change = await change_since(
            connection, partner_id, order.seen.run_id, order.approve_removals, order.approve_review
        )
    if change is not None:
        raise SeenChangedError(change)
