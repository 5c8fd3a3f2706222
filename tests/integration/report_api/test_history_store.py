"""What the history reads of Postgres: the last invoices, runs, and items by page and filter."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from devstack.fields import Fields
from halosync.domain.model import Action, Outcome
from halosync.domain.natural_order import natural_key
from halosync.domain.preview_kinds import PreviewKind
from halosync.domain.run_order import RunMode
from halosync.ports.item_views import ItemFilter, ItemOrder, ItemSort
from halosync.ports.previews import PreviewFilter
from halosync.store.invoice_views import InvoiceViews
from halosync.store.item_views import ItemViews
from halosync.store.previews import PreviewStore
from halosync.store.run_views import RunViews

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

ACME, RIVAL = "acme-msp", "rival-msp"
NOW = datetime(2026, 11, 5, 3, tzinfo=UTC)


@pytest.fixture
def invoices(world: "World") -> InvoiceViews:
    return InvoiceViews(world.pool)


@pytest.fixture
def runs(world: "World") -> RunViews:
    return RunViews(world.pool)


@pytest.fixture
def item_views(world: "World") -> ItemViews:
    return ItemViews(world.pool)


async def test_the_newest_invoices_come_with_the_counters_of_their_newest_run(
    world: "World", invoices: InvoiceViews
) -> None:
    for month in range(1, 4):
        issued_at = world.issued - timedelta(days=31 * month)
        await world.invoice(f"INV-{month}", period=f"2026-{11 - month:02}", issued_at=issued_at)
    newest = await world.invoice("INV-0", [world.line(1)])
    await world.run(newest, [world.item(outcome="failed")], state="partial", created_at=NOW)
    items = [world.item(outcome="synced"), world.item(outcome="held"), world.item(outcome="skipped")]
    latest = await world.run(newest, items, state="partial", created_at=NOW + timedelta(hours=1))

    first, *others = await invoices.synced(ACME, most=3)
    assert (first.invoice_id, first.period, first.line_count) == ("INV-0", "2026-11", 1)
    assert (first.run_id, first.state) == (latest, "partial")
    assert first.counts == {"synced": 1, "held": 1, "skipped": 1, "failed": 0, "pending": 0}
    assert [(invoice.invoice_id, invoice.run_id, invoice.counts) for invoice in others] == [
        ("INV-1", None, None),
        ("INV-2", None, None),
    ]


async def test_only_the_revision_that_counts_is_shown_with_its_own_runs(world: "World", invoices: InvoiceViews) -> None:
    old = await world.invoice("INV-1")
    await world.run(old, [world.item(outcome="failed")], state="partial")
    new = await world.invoice("INV-1", revision=2)
    await world.pool.execute("UPDATE invoice SET superseded_by = $2 WHERE invoice_pk = $1", old, new)
    (shown,) = await invoices.synced(ACME, most=12)
    assert (shown.revision, shown.run_id) == (2, None)


async def test_a_run_that_read_nothing_does_not_hide_the_one_before_it(world: "World", invoices: InvoiceViews) -> None:
    invoice_pk = await world.invoice()
    planned = await world.run(invoice_pk, [world.item(outcome="synced")], state="succeeded", created_at=NOW)
    await world.run(invoice_pk, state="failed", created_at=NOW + timedelta(hours=1))
    await world.run(invoice_pk, [world.item(outcome="held")], state="previewed", mode="preview")
    (shown,) = await invoices.synced(ACME, most=12)
    assert (shown.run_id, shown.state) == (planned, "succeeded")

    other = await world.invoice("INV-2", issued_at=world.issued + timedelta(days=31))
    failed = await world.run(other, state="failed")
    shown = (await invoices.synced(ACME, most=12))[0]
    assert (shown.run_id, shown.state) == (failed, "failed")
    assert set((shown.counts or {}).values()) == {0}


async def test_runs_are_paged_newest_first_and_by_mode(world: "World", runs: RunViews) -> None:
    invoice_pk = await world.invoice()
    modes = ["apply", "preview", "apply", "apply", "preview"]
    ids = [
        await world.run(invoice_pk, mode=mode, state="cancelled", created_at=NOW - timedelta(hours=hours))
        for hours, mode in enumerate(modes)
    ]
    assert await runs.mode_counts(ACME) == {"apply": 3, "preview": 2}
    pages = [await runs.of_partner(ACME, mode=None, skip=skip, most=2) for skip in (0, 2, 4, 6)]
    assert [[run.run_id for run in page] for page in pages] == [ids[:2], ids[2:4], ids[4:], []]
    previews = await runs.of_partner(ACME, mode=RunMode.PREVIEW, skip=1, most=9)
    assert [(run.run_id, run.invoice_id, run.period) for run in previews] == [(ids[4], "INV-1", "2026-11")]


async def test_counts_are_of_every_outcome_and_action_that_fits_a_text(world: "World", item_views: ItemViews) -> None:
    items = [
        world.item(outcome="synced", action="create"),
        world.item(outcome="failed", action="create", customer_name="Fabrikam"),
        world.item(outcome="failed", action="update", detail="100% refused"),
    ]
    run_id = await world.run(await world.invoice(), items)
    every = await item_views.counts(run_id, None)
    assert (every.of(), every.of("failed"), every.of(action="create"), every.of("failed", "update")) == (3, 2, 2, 1)
    assert every.of(Outcome.HELD, Action.DELETE) == 0
    found = await item_views.counts(run_id, "100%")
    assert found.by_both == {(Outcome.FAILED, Action.UPDATE): 1}
    assert (await item_views.counts(UUID(int=1), None)).of() == 0


async def test_items_are_paged_in_the_order_of_the_plan(world: "World", item_views: ItemViews) -> None:
    items = [
        world.item(
            outcome="synced" if number % 2 else "failed",
            action="update" if number % 3 else "create",
            customer_name=f"Customer {number}",
        )
        for number in range(10)
    ]
    run_id = await world.run(await world.invoice(), items)

    async def seqs(skip: int = 0, most: int = 100, **wanted: Any) -> list[int]:
        rows = await item_views.page(run_id, ItemFilter(**wanted), skip=skip, most=most)
        return [item.seq for item in rows]

    assert [await seqs(skip, 4) for skip in (0, 4, 8, 12)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], []]
    assert await seqs(outcome="failed", action="create") == [0, 6]
    assert await seqs(skip=1, most=1, q="customer") == [1]
    assert await seqs(q="CUSTOMER 7") == [7]


async def test_items_are_sorted_within_their_customers_and_these_by_their_first(
    world: "World", item_views: ItemViews
) -> None:
    def item(name: str, code: str, quantity: int | None, outcome: str, action: str = "update") -> Fields:
        after = None if quantity is None else (quantity, str(quantity), "Monthly", True)
        known = {"customer_name": name, "customer_ids": [name], "product_code": code, "halo_client_id": None}
        return world.item(after, after, outcome=outcome, action=action, **known)

    items = [
        item("Alpha", "M", 5, "synced"),
        item("Alpha", "z", None, "failed", "none"),
        item("Beta", "a", 9, "held", "delete"),
        item("Beta", "B", 1, "synced", "create"),
        item("Gamma", "k", None, "skipped", "none"),
    ]
    run_id = await world.run(await world.invoice(), items)

    async def codes(sort: ItemSort, *, down: bool = False, skip: int = 0, most: int = 9, **wanted: Any) -> str:
        order = ItemOrder(sort, down)
        rows = await item_views.sorted_page(run_id, ItemFilter(**wanted), order, skip=skip, most=most)
        return "".join(item.product_code or "" for item in rows)

    assert await codes(ItemSort.PRODUCT) == "aBkMz"
    assert await codes(ItemSort.PRODUCT, down=True) == "zMkBa"
    assert await codes(ItemSort.QUANTITY) == "BaMzk"  # what has none stands last, among its customer's and of all
    assert await codes(ItemSort.QUANTITY, down=True) == "aBMzk"
    assert await codes(ItemSort.PRICE, down=True) == "aBMzk"
    assert await codes(ItemSort.OUTCOME) == "zMaBk"
    assert await codes(ItemSort.ACTION) == "aBMzk"
    assert await codes(ItemSort.CYCLE) == "MzaBk"
    pages = [await codes(ItemSort.OUTCOME, skip=skip, most=2) for skip in (0, 2, 4)]
    assert pages == ["zM", "aB", "k"]
    assert await codes(ItemSort.PRODUCT, outcome="synced") == "BM"
    assert await codes(ItemSort.PRODUCT, q="alpha") == "Mz"
    assert await codes(ItemSort.CUSTOMER, down=True) == "kaBMz"
    assert await codes(ItemSort.COST, down=True) == "aBMzk"
    previews, order = PreviewStore(world.pool), ItemOrder(ItemSort.PRODUCT, descending=True)
    chosen = PreviewFilter((PreviewKind.UNCHANGED, PreviewKind.SKIPPED), order=order)
    kept = await previews.items(run_id, chosen, most=9)
    assert [each.product_code for each in kept] == ["M", "k", "B"]


NAMES = [
    "Site 10",
    "site 9",
    "Site 2b",
    "Site 02a",
    "\uff33ite 7",
    "Site",
    "Site 2 10",
    "Site 2 9",
    "10 Site",
    "",
    "Ångström 1",
    "9" * 30,
]


async def test_names_are_sorted_in_sql_as_everywhere_else(world: "World") -> None:
    by_sql = 'SELECT name FROM unnest($1::text[]) AS name ORDER BY natural_order(name) COLLATE "C"'
    found = [row["name"] for row in await world.pool.fetch(by_sql, NAMES[::-1])]
    assert found == sorted(NAMES, key=natural_key)


async def test_nobody_sees_what_another_partner_did(world: "World", invoices: InvoiceViews, runs: RunViews) -> None:
    run_id = await world.run(await world.invoice(), [world.item()])
    run = await runs.get(run_id, ACME)
    assert run is not None
    assert (run.run_id, run.period, run.superseded) == (run_id, "2026-11", False)
    assert await runs.get(run_id, RIVAL) is None
    assert await invoices.synced(RIVAL, most=12) == []
    assert await runs.of_partner(RIVAL, mode=None, skip=0, most=9) == []
    assert await runs.mode_counts(RIVAL) == {}
