"""What halosync wrote to Halo: its own, and known without another read."""

from collections.abc import Sequence

import asyncpg

from halosync.domain.model import PriceField
from halosync.ports.batch_work import BatchAtWork
from halosync.store.queries import QUERIES, Connection


async def remember(connection: Connection, batch: BatchAtWork, rows: Sequence[asyncpg.Record]) -> None:
    """Keep what halosync wrote and removed, in the transaction that records it; `rows` are of `record_applied`."""
    written = [row for row in rows if row["after_active"] is not None and row["halo_licence_id"] is not None]
    removed = [row["halo_licence_id"] for row in rows if row["after_active"] is None]
    if written:
        prices = [row["after_price"] for row in written]
        unset = [None] * len(written)
        cost = batch.price_field is PriceField.PURCHASE_PRICE
        await QUERIES.remember_written(
            connection,
            partner_id=batch.partner_id,
            tenant=batch.tenant,
            ids=[row["halo_licence_id"] for row in written],
            client_ids=[row["halo_client_id"] for row in written],
            names=[row["licence_name"] for row in written],
            quantities=[row["after_quantity"] for row in written],
            prices=unset if cost else prices,
            purchase_prices=prices if cost else unset,
            billing_cycles=[row["after_billing_cycle"] for row in written],
            active=[row["after_active"] for row in written],
        )
    if removed:
        await QUERIES.remember_removed(connection, partner_id=batch.partner_id, tenant=batch.tenant, ids=removed)
