"""The month: what was billed beside what is in Halo, and the reason for each difference."""

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from devstack.fields import Fields

if TYPE_CHECKING:
    from tests.integration.conftest import World
from .month_licences import PARTNER, SYNCED, licence

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("parts_compared")]


async def test_a_month_that_is_in_halo_as_billed_is_ready(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1), world.line(2, kind="usage")])
    await licence(world, 5)
    await world.finish(await world.run(invoice_pk, [world.item(**SYNCED, halo_licence_id=5, line_nos=[1])]))
    month = await world.get("/months/2026-11")
    assert month["totals"] == [
        {
            "billing_cycle": "Monthly",
            "billed": "378.00",
            "in_halo": "378.00",
            "explained": "0.00",
            "unexplained": "0.00",
        }
    ]
    assert (month["state"], month["currency"], month["open_count"]) == ("ready", "AUD", 0)
    assert month["changes"] == {"created": 1, "updated": 0, "deleted": 0}
    assert [(each["customer_id"], each["difference"], each["reasons"]) for each in month["customers"]] == [
        ("C-1", "0.00", [])
    ]


async def test_before_the_first_run_nothing_is_synchronised(world: "World") -> None:
    await world.invoice(lines=[world.line(1)])
    month = await world.get("/months/2026-11")
    assert (month["state"], month["not_synchronised"]) == ("open", "378.00")
    assert month["reasons"] == [{"reason": "not_synchronised", "count": 1, "amount": "378.00"}]


async def test_a_newer_revision_is_compared_with_what_the_one_before_left_in_halo(world: "World") -> None:
    first = await world.invoice(lines=[world.line(1, product_code="P")])
    await licence(world, 5)
    done = world.item(**SYNCED, product_code="P", halo_licence_id=5, line_nos=[1])
    await world.finish(await world.run(first, [done]))
    newer = await world.invoice(revision=2, lines=[world.line(1, product_code="p", quantity=Decimal(14))])
    await world.pool.execute("UPDATE invoice SET superseded_by = $2 WHERE invoice_pk = $1", first, newer)
    month = await world.get("/months/2026-11")
    assert month["reasons"] == [{"reason": "not_synchronised", "count": 1, "amount": "63.00"}]
    assert month["customers"][0]["in_halo"] == "378.00"


LINK = (
    "INSERT INTO customer_link (partner_id, customer_id, halo_client_id, excluded) VALUES ('acme-msp', 'C-1', $1, $2)"
)


@pytest.mark.parametrize(
    ("planned", "link", "reason", "state"),
    [
        ("customer_not_found", (7, False), "not_synchronised", "open"),
        ("customer_ambiguous", (7, False), "not_synchronised", "open"),
        ("customer_not_found", (None, True), "customer_excluded", "ready"),
        ("customer_ambiguous", (7, True), "customer_excluded", "ready"),
        ("customer_excluded", None, "not_synchronised", "open"),
        ("customer_excluded", (7, True), "customer_excluded", "ready"),
        ("customer_not_found", None, "customer_not_found", "open"),
    ],
)
async def test_what_was_said_of_a_customer_since_is_the_reason_until_the_next_sync(
    *, world: "World", planned: str, link: tuple[int | None, bool] | None, reason: str, state: str
) -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    item = world.item(
        outcome="skipped", action="none", reason=planned, detail="Why.", halo_client_id=None, line_nos=[1]
    )
    await world.finish(await world.run(invoice_pk, [item]))
    if link is not None:
        await world.pool.execute(LINK, *link)
    month = await world.get("/months/2026-11")
    assert (month["reasons"], month["state"]) == ([{"reason": reason, "count": 1, "amount": "378.00"}], state)
    [row] = (await world.get("/months/2026-11/items"))["items"]
    assert (row["detail"] is None) is (reason != planned), "what the run said is not so any more"


async def test_a_link_that_the_run_knew_and_found_no_client_by_stays_the_reason(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    await world.pool.execute(LINK, 7, False)
    item = world.item(outcome="skipped", action="none", reason="customer_not_found", halo_client_id=None, line_nos=[1])
    await world.finish(await world.run(invoice_pk, [item]))
    assert (await world.get("/months/2026-11"))["reasons"][0]["reason"] == "customer_not_found"


@pytest.mark.parametrize(
    ("now", "price_field", "after", "reason", "amount"),
    [
        ({"quantity": Decimal(10)}, "price", SYNCED["after"], "edited_in_halo", "63.00"),
        ({"is_active": False}, "price", SYNCED["after"], "edited_in_halo", "378.00"),
        ({"price": Decimal(50)}, "none", ("12", "50", "Monthly", True), "price_left_alone", "-222.00"),
    ],
)
async def test_what_was_synchronised_and_differs_has_its_reason(
    *, world: "World", now: Fields, price_field: str, after: object, reason: str, amount: str
) -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    await licence(world, 5, **now)
    item = world.item(**{**SYNCED, "after": after}, halo_licence_id=5, line_nos=[1])
    await world.finish(await world.run(invoice_pk, [item], price_field=price_field))
    month = await world.get("/months/2026-11")
    assert month["reasons"] == [{"reason": reason, "count": 1, "amount": amount}]
    assert month["totals"][0]["unexplained"] == "0.00"
    assert (month["state"] == "open") is (reason == "edited_in_halo")


async def test_lines_rounded_one_by_one_differ_from_the_licence_by_cents_and_say_so(world: "World") -> None:
    lines = [world.line(n, product_code="P", quantity=Decimal("0.5"), unit_price=Decimal("0.01")) for n in (1, 2)]
    invoice_pk = await world.invoice(lines=lines)
    await licence(world, 5, quantity=Decimal(1), price=Decimal("0.01"))
    item = world.item(
        outcome="synced", action="create", after=("1", "0.01", "Monthly", True), halo_licence_id=5, line_nos=[1, 2]
    )
    await world.finish(await world.run(invoice_pk, [item]))
    month = await world.get("/months/2026-11")
    assert month["reasons"] == [{"reason": "rounding", "count": 1, "amount": "0.01"}]
    assert month["state"] == "ready"


async def test_what_nothing_explains_is_told_and_never_ready(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    await licence(world, 5, quantity=Decimal(10))
    # An item that claims to be synchronised with another quantity than the invoice's: a defect.
    item = world.item(
        outcome="synced", action="create", after=("10", "31.50", "Monthly", True), halo_licence_id=5, line_nos=[1]
    )
    await world.finish(await world.run(invoice_pk, [item]))
    month = await world.get("/months/2026-11")
    assert (month["totals"][0]["unexplained"], month["state"]) == ("63.00", "open")


async def test_what_is_made_and_taken_away_again_is_no_change(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    shape = ("12", "31.50", "Monthly", True)
    other = ("13", "31.50", "Monthly", True)

    async def run(*items: Fields) -> None:
        await world.finish(await world.run(invoice_pk, [{**item, "outcome": "synced"} for item in items]))

    await run(
        world.item(action="create", after=shape, halo_licence_id=1),
        world.item(action="update", before=shape, after=other, halo_licence_id=2),
        world.item(action="delete", before=shape, halo_licence_id=3),
        world.item(action="create", after=shape, halo_licence_id=4),
    )
    await run(
        world.item(action="delete", before=shape, halo_licence_id=1),
        world.item(action="update", before=other, after=shape, halo_licence_id=2),
        world.item(action="update", before=shape, after=other, halo_licence_id=4),
    )
    month = await world.get("/months/2026-11")
    assert month["changes"] == {"created": 1, "updated": 0, "deleted": 1}


async def test_months_are_listed_newest_first_and_another_month_is_not_found(world: "World") -> None:
    for month in ("2026-09", "2026-11", "2026-10"):
        await world.invoice(f"INV-{month}", period=month, lines=[world.line(1)])
    assert [each["period"] for each in await world.pages("/months", 2)] == ["2026-11", "2026-10", "2026-09"]
    assert (await world.call("GET", "/months/2026-12")).status_code == 404
    assert (await world.call("GET", "/months/2026-1x")).status_code == 422


async def test_the_partners_words_for_billing_cycles_count_here_too(world: "World") -> None:
    await world.pool.execute("""UPDATE partner SET billing_cycles = '{"Annual": "Yearly"}'""")
    invoice_pk = await world.invoice(lines=[world.line(1, billing_cycle="annual")])
    await licence(world, 5, billing_cycle="Yearly", quantity=Decimal(10))
    item = world.item(
        outcome="failed", action="update", reason="halo_rejected", halo_licence_id=5, line_nos=[1], product_code="P-1"
    )
    await world.finish(await world.run(invoice_pk, [item]), "partial")
    month = await world.get("/months/2026-11")
    assert [(each["billing_cycle"], each["explained"]) for each in month["totals"]] == [("Yearly", "63.00")]


async def test_what_customers_share_is_divided_to_the_cent(world: "World") -> None:
    lines = [world.line(n, customer_id=f"C-{n}", product_code="P", quantity=Decimal(1)) for n in (1, 2, 3)]
    invoice_pk = await world.invoice(lines=lines)
    await licence(world, 5, quantity=Decimal(1), price=Decimal("10.00"))
    item = world.item(
        outcome="failed",
        action="update",
        reason="halo_rejected",
        customer_ids=["C-1", "C-2", "C-3"],
        product_code="P",
        halo_licence_id=5,
        line_nos=[1, 2, 3],
    )
    await world.finish(await world.run(invoice_pk, [item]), "partial")
    month = await world.get("/months/2026-11")
    assert [each["in_halo"] for each in month["customers"]] == ["3.33", "3.34", "3.33"]
    assert month["reasons"] == [{"reason": "halo_rejected", "count": 1, "amount": "84.50"}]


async def test_invoices_that_count_together_are_one_month_and_one_that_no_longer_counts_is_told(world: "World") -> None:
    first = await world.invoice("INV-1", lines=[world.line(1)])
    later = await world.invoice(
        "INV-2", lines=[world.line(1, product_code="Q")], issued_at=world.issued + timedelta(days=1)
    )
    for number in (5, 6):
        await licence(world, number)
    items = [
        world.item(**SYNCED, halo_licence_id=5, product_code="Q", line_nos=[1]),
        world.item(**SYNCED, halo_licence_id=6, product_code="P-1", line_nos=[2]),
    ]
    run_id = await world.run(later)
    await world.pool.execute("INSERT INTO run_further_invoice VALUES ($1, $2, 1)", run_id, first)
    await world.items(run_id, items)
    await world.finish(run_id)
    choose = (
        "INSERT INTO month_choice VALUES ($1, '2026-11', $2)"
        " ON CONFLICT (partner_id, period) DO UPDATE SET invoices = $2"
    )
    await world.pool.execute(choose, PARTNER, "together")
    month = await world.get("/months/2026-11")
    assert [(each["billed"], each["in_halo"]) for each in month["totals"]] == [("756.00", "756.00")]
    assert (month["state"], [each["counts"] for each in month["invoices"]]) == ("ready", [True, True])

    # Details of one of them are gone: what is left is not the month, and nobody may certify it.
    await world.pool.execute("UPDATE invoice SET purged_at = now() WHERE invoice_pk = $1", first)
    assert (await world.call("GET", "/months/2026-11")).status_code == 404
    assert await world.pages("/months", 1) == []
    assert (await world.call("POST", "/months/2026-11/close", json={"seen": 0})).status_code == 404
    await world.pool.execute("UPDATE invoice SET purged_at = NULL")

    await world.pool.execute(choose, PARTNER, "newest")
    month = await world.get("/months/2026-11")
    assert [(each["billed"], each["in_halo"]) for each in month["totals"]] == [("378.00", "756.00")]
    assert month["reasons"] == [{"reason": "not_synchronised", "count": 1, "amount": "-378.00"}]
    assert (month["state"], [each["counts"] for each in month["invoices"]]) == ("open", [True, False])
