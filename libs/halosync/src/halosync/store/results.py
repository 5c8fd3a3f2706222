"""The results of writes: what the rows say of an item, and what is known of its licence, in one transaction."""

from collections.abc import Sequence

import asyncpg

from halosync.domain import write_sentences
from halosync.domain.model import KeptOtherwise
from halosync.domain.verification import as_kept
from halosync.ports.batch_work import AppliedAction, BatchAtWork, FailedAction
from halosync.store.pool import Connection
from halosync.store.queries import QUERIES
from halosync.store.written import remember, remember_not_kept


async def record_applied(
    connection: Connection, batch: BatchAtWork, applied: Sequence[AppliedAction]
) -> list[asyncpg.Record]:
    """Record what Halo has applied, as it keeps it; return the rows that this was true of."""
    wishes = [a.otherwise for a in applied]
    kept = [None if wish is None or wish.asked is None else as_kept(wish.asked, wish.kept) for wish in wishes]
    rows = QUERIES.record_applied(
        connection,
        item_ids=[a.item_id for a in applied],
        marks=[a.mark_no for a in applied],
        licence_ids=[a.licence_id for a in applied],
        details=[_renamed(wish) for wish in wishes],
        names=[None if wish is None else wish.kept_name for wish in wishes],
        prices=[None if state is None else state.price for state in kept],
        billing_cycles=[None if state is None else state.billing_cycle for state in kept],
        found=[a.found for a in applied],
    )
    found = [row async for row in rows]
    await remember(connection, batch, found, {a.item_id: a.otherwise for a in applied if a.otherwise is not None})
    return found


async def record_not_kept(
    connection: Connection, batch: BatchAtWork, failed: Sequence[FailedAction]
) -> list[asyncpg.Record]:
    """Record what Halo took and did not keep, with what it keeps; return the rows that this was true of."""
    found = {f.item_id: (f, f.otherwise) for f in failed if f.otherwise is not None}
    if not found:
        return []
    states = [wish.kept if wish.asked is None else as_kept(wish.asked, wish.kept) for _, wish in found.values()]
    rows = QUERIES.record_not_kept(
        connection,
        item_ids=list(found),
        marks=[f.mark_no for f, _ in found.values()],
        licence_ids=[f.licence_id for f, _ in found.values()],
        details=[f.detail for f, _ in found.values()],
        names=[wish.kept_name for _, wish in found.values()],
        quantities=[state.quantity for state in states],
        prices=[state.price for state in states],
        billing_cycles=[state.billing_cycle for state in states],
        active=[state.active for state in states],
    )
    recorded = [row async for row in rows]
    await remember_not_kept(connection, batch, recorded, {item_id: wish for item_id, (_, wish) in found.items()})
    return recorded


async def record_failed(connection: Connection, failed: Sequence[FailedAction]) -> list[asyncpg.Record]:
    """Record what failed otherwise; return the rows that this was true of."""
    rows = QUERIES.record_failed(
        connection,
        item_ids=[f.item_id for f in failed],
        marks=[f.mark_no for f in failed],
        reasons=[f.reason for f in failed],
        details=[f.detail for f in failed],
    )
    return [row async for row in rows]


def _renamed(wish: KeptOtherwise | None) -> str | None:
    if wish is None or wish.asked_name is None or wish.asked_name == wish.kept_name:
        return None
    return write_sentences.kept_under_another_name(wish.asked_name, wish.kept_name or "")
