"""The results of writes: what the rows say of an item, and what is known of its licence, in one transaction."""

from collections.abc import Sequence

import asyncpg

from halosync.domain import write_sentences
from halosync.domain.model import KeptOtherwise, LicenceState
from halosync.domain.verification import as_kept
from halosync.ports.batch_work import AppliedAction, BatchAtWork, FailedAction
from halosync.store.pool import Connection
from halosync.store.queries import QUERIES
from halosync.store.written import otherwise_as_json


async def record_taken(
    connection: Connection, batch: BatchAtWork, applied: Sequence[AppliedAction], not_kept: Sequence[FailedAction]
) -> list[asyncpg.Record]:
    """Record what Halo took, as it keeps it, and what is known of the licences by that.

    Returns how many items this was true of, by action and outcome.
    """
    taken: Sequence[AppliedAction | FailedAction] = (*applied, *not_kept)
    wishes = [each.otherwise for each in taken]
    states = [_kept(wish) for wish in wishes]
    whose = {"partner_id": batch.partner_id, "tenant": batch.tenant}
    rows = QUERIES.record_taken(
        connection,
        **whose,
        price_field=batch.price_field,
        item_ids=[each.item_id for each in taken],
        marks=[each.mark_no for each in taken],
        licence_ids=[each.licence_id for each in taken],
        failed=[False] * len(applied) + [True] * len(not_kept),
        found=[each.found for each in applied] + [False] * len(not_kept),
        details=[_renamed(each.otherwise) for each in applied] + [each.detail for each in not_kept],
        names=[None if wish is None else wish.kept_name for wish in wishes],
        quantities=[None if state is None else state.quantity for state in states],
        prices=[None if state is None else state.price for state in states],
        billing_cycles=[None if state is None else state.billing_cycle for state in states],
        active=[None if state is None else state.active for state in states],
        otherwise=[None if wish is None else otherwise_as_json(wish, batch.price_field) for wish in wishes],
    )
    counted = [row async for row in rows]
    for row in counted:
        if row["removed"]:
            await QUERIES.remember_removed(connection, **whose, ids=row["removed"])
        if row["stayed"]:
            await QUERIES.remember_not_removed(connection, **whose, ids=row["stayed"], otherwise=row["otherwise"])
    return counted


async def record_failed(connection: Connection, failed: Sequence[FailedAction]) -> list[asyncpg.Record]:
    """Record what failed otherwise; return how many items this was true of, by action and outcome."""
    rows = QUERIES.record_failed(
        connection,
        item_ids=[f.item_id for f in failed],
        marks=[f.mark_no for f in failed],
        reasons=[f.reason for f in failed],
        details=[f.detail for f in failed],
    )
    return [row async for row in rows]


def _kept(wish: KeptOtherwise | None) -> LicenceState | None:
    if wish is None:
        return None
    return wish.kept if wish.asked is None else as_kept(wish.asked, wish.kept)


def _renamed(wish: KeptOtherwise | None) -> str | None:
    if wish is None or wish.asked_name is None or wish.asked_name == wish.kept_name:
        return None
    return write_sentences.kept_under_another_name(wish.asked_name, wish.kept_name or "")
