"""What a plan is made from: everything of one moment, and no question that has no answer."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import asyncpg

from halosync.domain.model import Cleanup, Client, Licence, Line, LineKind, OnDrift, PriceField, Removal
from halosync.domain.plan import DeleteGuard, PlanInput, PlanSettings
from halosync.ports.reads import ReadProgress
from halosync.store.item_traces import approved_changes, restored_licences, undone_run
from halosync.store.links import CustomerLinks, ProductLinks
from halosync.store.pool import Connection
from halosync.store.queries import QUERIES
from halosync.store.unsure_creates import came_since, found_of, unsure_creates, with_recognised
from halosync.store.written import written_licences


async def plan_inputs(
    connection: Connection,
    read: ReadProgress,
    invoice_pk: int,
    *,
    approve_removals: int | None,
    approve_review: int | None,
) -> PlanInput:
    """Load everything a plan depends on; the caller's transaction makes it one consistent picture of the database."""
    texts: dict[str, str] = {}
    same = texts.setdefault  # equal texts share one object: 100,000 lines have few distinct customers and products
    partner_id, run_id = read.partner_id, read.read_id
    here = {"partner_id": partner_id, "tenant": read.tenant}
    standing = await QUERIES.plan_standing(connection, **here, run_id=run_id)
    settings, is_known, has_written = settings_of(standing), standing["is_known"], standing["has_written"]
    history = [row async for row in QUERIES.licence_history(connection, **here, read_id=run_id)] if is_known else []
    licences = await licences_read(connection, read, same)
    unsure = await unsure_creates(connection, read) if has_written else ()
    found = found_of(unsure, licences, await came_since(connection, read, unsure, licences))
    owned = {row["halo_licence_id"] for row in history if row["owned"]}
    undone = await undone_run(connection, read, licences) if standing["undoes"] else None
    if undone is not None:
        settings = replace(settings, price_field=undone.price_field)
    restored = await restored_licences(connection, **here) if has_written else {}
    return PlanInput(
        lines=[
            Line(
                row["line_no"],
                same(row["customer_id"], row["customer_id"]),
                same(row["customer_name"], row["customer_name"]),
                same(row["product_code"], row["product_code"]),
                LineKind(row["kind"]),
                row["quantity"],
                row["unit_price"],
                same(row["billing_cycle"], row["billing_cycle"]),
            )
            async for row in QUERIES.lines_of(connection, invoice_pk=invoice_pk, run_id=run_id)
            if undone is None
        ],
        clients=[Client(*row) async for row in QUERIES.clients_read(connection, read_id=run_id)],
        licences=licences,
        customer_links=await CustomerLinks.stored(connection, partner_id) if standing["has_customer_links"] else {},
        product_links={code: name for code, name in (await ProductLinks.stored(connection, partner_id)).items() if name}
        if standing["has_product_links"]
        else {},
        settings=settings,
        owned=frozenset(owned | found.recognised.keys()),
        removed=frozenset(row["halo_licence_id"] for row in history if row["removed"])
        | (undone.deleted if undone else frozenset()),
        written=with_recognised(written_licences(history, settings.price_field), found),
        approve_removals=approve_removals,
        owned_by_others=await _ids(QUERIES.written_by_others(connection, **here))
        if standing["is_shared"]
        else frozenset(),
        kept=frozenset(standing["kept"]),
        review_due=standing["review_due"],
        approve_review=approve_review,
        perhaps_created=found.perhaps,
        restored=found.restored | restored,
        perhaps_restored=found.perhaps_restored,
        approved=await approved_changes(connection, run_id) if standing["has_approvals"] else frozenset(),
        undone=None if undone is None else undone.items,
        left_at=frozenset() if undone is None else undone.left_at,
        unsure_since=frozenset() if undone is None else undone.unsure_since,
        vanished={
            number: (client_id, code)
            async for number, client_id, code in QUERIES.vanished_licences(connection, read_id=run_id)
        }
        if is_known
        else {},
    )


def settings_of(row: asyncpg.Record) -> PlanSettings:
    """Return the partner's settings that shape a plan, from a row that has them."""
    guard = None
    if row["guard_max_count"] is not None:
        guard = DeleteGuard(row["guard_max_count"], row["guard_max_fraction"])
    return PlanSettings(
        Removal(row["removal"]),
        Cleanup(row["cleanup"]),
        PriceField(row["price_field"]),
        guard,
        adopt_foreign=row["adopt_foreign"],
        billing_cycles=row["billing_cycles"],
        licence_type=row["licence_type"],
        details=row["details"],
        on_drift=OnDrift(row["on_drift"]),
    )


async def licences_read(connection: Connection, read: ReadProgress, same: Callable[[str, str], str]) -> list[Licence]:
    """Return the licences of a read; `same` returns the one object that equal texts share."""
    return [
        Licence(
            row["halo_licence_id"],
            row["halo_client_id"],
            same(row["name"], row["name"]),
            row["quantity"],
            row["price"],
            row["purchase_price"],
            None if (cycle := row["billing_cycle"]) is None else same(cycle, cycle),
            row["is_active"],
            row["foreign_mark"],
            row["licence_type"],
            row["stamp"],
            row["product_sku"],
        )
        async for row in QUERIES.licences_read(connection, read_id=read.read_id)
    ]


async def _ids(rows: AsyncIterator[asyncpg.Record]) -> frozenset[int]:
    return frozenset([row["halo_licence_id"] async for row in rows])
