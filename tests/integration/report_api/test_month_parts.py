"""The rows of one customer are those of the whole month, whoever shares a licence or a client with it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from devstack.fields import Fields
from halosync.store.months import MonthStore

from .month_licences import PARTNER, SYNCED, licence
from .month_parts import parts_are_the_whole

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

PERIOD = "2026-11"


async def test_customers_of_one_client_have_its_shares_and_its_clean_ups(world: "World") -> None:
    """C-1 and C-2 share a licence, C-3 has another one of the same client, and C-2 has a line that no run applied."""
    customers = ("C-1", "C-2", "C-3", "C-4")
    lines = [world.line(n, customer_id=each, product_code="P") for n, each in enumerate(customers, 1)]
    first = await world.invoice(lines=lines)
    for number in (5, 6, 7, 8):
        await licence(world, number)
    clean_up: Fields = {"outcome": "held", "action": "delete", "reason": "delete_guard", "product_code": None}
    shared = world.item(**SYNCED, product_code="P", customer_ids=["C-1", "C-2"], halo_licence_id=5, line_nos=[1, 2])
    other = world.item(**SYNCED, product_code="Q", customer_ids=["C-3"], halo_licence_id=6, line_nos=[3])
    alone = world.item(
        **SYNCED, product_code="P", customer_ids=["C-4"], halo_client_id=9, halo_licence_id=8, line_nos=[4]
    )
    left = world.item(**clean_up, customer_ids=[], halo_licence_id=7)
    nobodys = world.item(**clean_up, customer_ids=[], halo_client_id=11, halo_licence_id=9)
    await world.finish(await world.run(first, [shared, other, alone, left, nobodys]), "partial")
    await world.invoice("INV-2", [world.line(1, customer_id="C-2", product_code="P", quantity=Decimal(3))])
    await world.pool.execute(
        "INSERT INTO month_choice (partner_id, period, invoices) VALUES ($1, $2, 'together')", PARTNER, PERIOD
    )
    months = MonthStore(world.pool)
    found = {each: await months.items(PARTNER, PERIOD, customer_id=each, most=9) for each in (*customers, "halo-11")}
    assert [row.halo_licence_id for row in found["C-1"]].count(7) == 1, "the clean-up stands with the client's first"
    assert [row.halo_licence_id for row in found["halo-11"]] == [9]
    assert len(found["C-2"]) == 1
    assert found["C-1"][0].in_halo != found["C-2"][0].in_halo, "each has its share of the licence"
    await parts_are_the_whole(world)


async def test_a_licence_that_was_put_back_at_one_client_after_another_counts_there(world: "World") -> None:
    """It was removed and put back at C-1's client, moved to C-2's, and was removed and put back there."""
    lines = [world.line(n, customer_id=f"C-{n}", product_code="Q") for n in (1, 2)]
    invoice_pk = await world.invoice(lines=lines)
    for number in (5, 6, 7):
        await licence(world, number)
    places: Sequence[Fields] = [
        {"customer_ids": ["C-1"], "halo_client_id": 7},
        {"customer_ids": ["C-2"], "halo_client_id": 9},
    ]

    async def run(*, removed_at: Fields | None = None) -> UUID:
        stay = [
            world.item(**SYNCED, **place, product_code="Q", halo_licence_id=number, line_nos=[line])
            for place, number, line in zip(places, (6, 7), (1, 2), strict=True)
        ]
        gone: Fields = {"outcome": "synced", "action": "delete", "before": SYNCED["after"], "product_code": "P"}
        removals = [] if removed_at is None else [world.item(**gone, **removed_at, halo_licence_id=5)]
        columns = dict.fromkeys(name for item in (*stay, *removals) for name in item)
        made = await world.run(invoice_pk, [{**columns, **item} for item in (*stay, *removals)])
        await world.finish(made)
        return made

    async def undone(run_id: UUID, place: Fields) -> None:
        number = await world.pool.fetchval("SELECT item_id FROM item WHERE run_id = $1 AND action = 'delete'", run_id)
        made = await world.run(invoice_pk, mode="undo", undoes=run_id)
        back: Fields = {"outcome": "synced", "action": "update", "after": SYNCED["after"], "product_code": "P"}
        await world.items(made, [world.item(**back, **place, halo_licence_id=5, undoes_item_id=number)])
        await world.pool.execute("UPDATE item SET undone = 'undone' WHERE item_id = $1", number)
        await world.finish(made)

    first = await run(removed_at=places[0])
    await undone(first, places[0])
    second = await run(removed_at=places[1])
    await run()
    await undone(second, places[1])
    months = MonthStore(world.pool)
    found = {each: await months.items(PARTNER, PERIOD, customer_id=each, most=9) for each in ("C-1", "C-2")}
    assert [[row.halo_licence_id for row in found[each]].count(5) for each in ("C-1", "C-2")] == [0, 1]
    await parts_are_the_whole(world)
