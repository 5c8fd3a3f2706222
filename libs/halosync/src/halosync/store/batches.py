"""Batches: written with the plan, issued to the writers some at a time, split and closed."""

from collections.abc import Sequence
from uuid import UUID

from halosync.contracts.run import LicenceActions
from halosync.domain.batching import Batch
from halosync.ports.batch_work import BatchAtWork
from halosync.ports.reads import ReadProgress
from halosync.store.outbox import emit_many
from halosync.store.pool import Connection
from halosync.store.queries import QUERIES
from halosync.store.runs import finish_if_done

IN_FLIGHT = 4
"""How many batches of one run are with the writers at a time."""

ISSUE_GRACE_S = 60.0
"""An issued batch that nobody touched for so long is issued again: its message was lost."""


async def write_batches(connection: Connection, read: ReadProgress, batches: Sequence[Batch]) -> dict[int, int]:
    """Write the batches, order the first ones, and return, for each item's seq, the batch it is in.

    In the transaction that stores the items too: nobody hears of an order before it is committed.
    """
    if not batches:
        return {}
    whose = {"run_id": read.read_id, "partner_id": read.partner_id, "tenant": read.tenant}
    rows = QUERIES.insert_batches(
        connection, **whose, kinds=[batch.kind for batch in batches], most=IN_FLIGHT, grace_s=ISSUE_GRACE_S
    )
    ids = [row["batch_id"] async for row in rows]
    orders = [
        LicenceActions(**whose, batch_id=batch_id, kind=batch.kind)
        for batch_id, batch in zip(ids[:IN_FLIGHT], batches, strict=False)
    ]
    await emit_many(connection, orders)
    return {seq: batch_id for batch_id, batch in zip(ids, batches, strict=True) for seq in batch.indexes}


async def issue(connection: Connection, run_id: UUID) -> None:
    """Order as many planned batches of the run as may be with the writers, in the caller's transaction."""
    rows = QUERIES.issue_planned(connection, run_id=run_id, most=IN_FLIGHT, grace_s=ISSUE_GRACE_S)
    if orders := [LicenceActions(run_id=run_id, **row) async for row in rows]:
        await emit_many(connection, orders)


async def split_off(connection: Connection, batch: BatchAtWork) -> int:
    """Make a batch for a part of `batch`, which is with the writers at once; return its id."""
    made: int = await QUERIES.split_off(connection, batch_id=batch.batch_id, grace_s=ISSUE_GRACE_S)
    return made


def order_of(batch: BatchAtWork, batch_id: int) -> LicenceActions:
    """Return the order for a part of `batch`."""
    return LicenceActions.model_validate(
        {
            "batch_id": batch_id,
            "run_id": batch.run_id,
            "partner_id": batch.partner_id,
            "tenant": batch.tenant,
            "kind": batch.kind.value,
        }
    )


async def close_if_done(connection: Connection, batch: BatchAtWork) -> None:
    """Close a batch of which nothing is open; then the next ones are issued, and the run may end."""
    if await QUERIES.close_batch(connection, batch_id=batch.batch_id) is not None:
        await issue(connection, batch.run_id)
        await finish_if_done(connection, batch.run_id)
