"""The month: billed = in Halo + what the reasons say, for every month that there can be; accepting and closing."""

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from halosync.store.partners import PartnerStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

PARTNER = "acme-msp"
CENT = Decimal("0.01")
CUSTOMERS = ("C-1", "C-2", "C-3")
CYCLES = ("Monthly", "monthly ", "Annual")


async def licence(world: "World", number: int, *, partner: str = PARTNER, **columns: Any) -> None:
    """Store what Halo was last seen to hold of a licence."""
    made = {
        "quantity": Decimal(12),
        "price": Decimal("31.50"),
        "billing_cycle": "Monthly",
        "is_active": True,
        **columns,
    }
    await world.pool.execute(
        "INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, quantity, price, purchase_price,"
        " billing_cycle, is_active) VALUES ($1, $2, 7, 'a licence', $3, $4, $4, $5, $6)",
        partner,
        number,
        *made.values(),
    )


SYNCED: dict[str, Any] = {"outcome": "synced", "action": "create", "after": ("12", "31.50", "Monthly", True)}


async def test_a_month_that_is_in_halo_as_billed_is_ready(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1), world.line(2, kind="usage")])
    await licence(world, 5)
    await world.finish(await world.run(invoice_pk, [world.item(**SYNCED, halo_licence_id=5, line_nos=[1])]))
    month = await world.get("/months/2026-11")
    assert month["totals"] == [
        {"billing_cycle": "Monthly", "billed": "378.00", "in_halo": "378.00", "explained": "0", "unexplained": "0.00"}
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


@pytest.mark.parametrize(
    ("now", "price_field", "after", "reason", "amount"),
    [
        ({"quantity": Decimal(10)}, "price", SYNCED["after"], "edited_in_halo", "63.00"),
        ({"is_active": False}, "price", SYNCED["after"], "edited_in_halo", "378.00"),
        ({"price": Decimal(50)}, "none", ("12", "50", "Monthly", True), "price_left_alone", "-222.00"),
    ],
)
async def test_what_was_synchronised_and_differs_has_its_reason(
    *, world: "World", now: dict[str, Any], price_field: str, after: Any, reason: str, amount: str
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

    async def run(*items: dict[str, Any]) -> None:
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


async def test_accepting_holds_for_the_reason_and_closing_needs_all_accepted(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    unmatched = world.item(
        outcome="skipped",
        action="none",
        reason="customer_not_found",
        detail="No client.",
        halo_client_id=None,
        line_nos=[1],
    )
    await world.finish(await world.run(invoice_pk, [unmatched]), "partial")
    early = await world.call("POST", "/months/2026-11/close", json={"seen": 0})
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    (row,) = (await world.get("/months/2026-11/items", params={"different": True}))["items"]
    address = f"/months/2026-11/acceptances/{row['item_key']}"
    assert (await world.call("PUT", address, json={"note": "Billed by hand."})).status_code == 200
    month = await world.get("/months/2026-11")
    assert (month["state"], month["accepted_count"]) == ("ready", 1)
    unseen = await world.call("POST", "/months/2026-11/close", json={"seen": 0})
    assert (unseen.status_code, unseen.json()["code"]) == (409, "changed_since")
    assert (await world.call("GET", "/months/2026-11/certificate")).status_code == 404
    closed = await world.call("POST", "/months/2026-11/close", json={"seen": 1})
    assert closed.status_code == 201, closed.text
    certificate = await world.get("/months/2026-11/certificate")
    (exception,) = certificate["exceptions"]
    assert (exception["note"], exception["reason"]) == ("Billed by hand.", "customer_not_found")
    assert exception["accepted_by"] == certificate["closed_by"] == f"key of {PARTNER}"
    assert len(certificate["fingerprint"]) == 64
    file = await world.call("GET", "/months/2026-11/certificate", headers={"Accept": "application/pdf"})
    assert (file.status_code, file.headers["content-type"]) == (200, "application/pdf")
    assert certificate["fingerprint"] in PdfReader(io.BytesIO(file.content)).pages[0].extract_text()
    printed = await world.call("GET", "/months/2026-11/certificate", headers={"Accept": "text/html"})
    assert printed.headers["content-type"].startswith("text/html")
    assert "Certificate: November 2026" in printed.text
    assert "Billed by hand." in printed.text

    # The same thing for another reason is open again; and a new revision opens a closed month.
    await world.finish(await world.run(invoice_pk, [{**unmatched, "reason": "customer_ambiguous"}]), "partial")
    assert (await world.get("/months/2026-11"))["state"] == "closed"
    newer = await world.invoice(revision=2, lines=[world.line(1)])
    await world.pool.execute("UPDATE invoice SET superseded_by = $2 WHERE invoice_pk = $1", invoice_pk, newer)
    await world.finish(await world.run(newer, [{**unmatched, "reason": "customer_ambiguous"}]), "partial")
    month = await world.get("/months/2026-11")
    assert (month["state"], month["open_count"]) == ("open", 1)
    assert (await world.call("DELETE", address)).status_code == 204
    assert (await world.call("DELETE", address)).status_code == 404


async def test_a_certificate_has_every_exception(world: "World") -> None:
    size = 10_050
    invoice_pk = await world.invoice(lines=[world.line(n, product_code=f"P-{n}") for n in range(1, size + 1)])
    excluded: dict[str, Any] = {"outcome": "skipped", "action": "none", "reason": "customer_excluded"}
    made = (
        world.item(**excluded, halo_client_id=None, product_code=f"P-{n}", line_nos=[n]) for n in range(1, size + 1)
    )
    await world.finish(await world.run(invoice_pk, made))
    closed = await world.call("POST", "/months/2026-11/close", json={"seen": 0})
    assert closed.status_code == 201, closed.text
    assert len((await world.get("/months/2026-11/certificate"))["exceptions"]) == size


async def test_an_undo_opens_a_closed_month_and_every_certificate_is_kept(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    await licence(world, 5)
    done = world.item(**SYNCED, halo_licence_id=5, line_nos=[1])
    run_id = await world.run(invoice_pk, [done])
    await world.finish(run_id)
    assert (await world.call("POST", "/months/2026-11/close", json={"seen": 0})).status_code == 201
    first = await world.get("/months/2026-11/certificate")

    async def undo(*items: dict[str, Any]) -> None:
        made = await world.run(invoice_pk, mode="undo", undoes=run_id)
        await world.items(made, [{**item, "outcome": "pending"} for item in items])
        for item in items:
            what = "UPDATE item SET outcome = $2, action_state = 'applied' WHERE run_id = $1"
            await world.pool.execute(what, made, item["outcome"])
        await world.finish(made)

    await undo(world.item(outcome="skipped", action="none", reason="changed_since", halo_licence_id=5))
    assert (await world.get("/months/2026-11"))["state"] == "closed"  # it has put nothing back
    await undo(world.item(outcome="synced", action="delete", before=SYNCED["after"], halo_licence_id=5))
    await world.pool.execute("UPDATE halo_licence SET removed_at = now()")
    month = await world.get("/months/2026-11")
    assert (month["state"], [each["reason"] for each in month["reasons"]]) == ("open", ["undone"])
    assert (await world.call("GET", "/months/2026-11/certificate")).status_code == 404
    assert await world.get("/months/2026-11/certificate", params={"number": 1}) == first

    await world.pool.execute("UPDATE halo_licence SET removed_at = NULL")
    await world.finish(await world.run(invoice_pk, [done]))
    assert (await world.call("POST", "/months/2026-11/close", json={"seen": 0})).status_code == 201
    second = await world.get("/months/2026-11/certificate")
    assert (second["number"], len(second["runs"])) == (2, 4)
    heads = (await world.get("/months/2026-11"))["certificates"]
    assert [(each["number"], each["stands"]) for each in heads] == [(2, True), (1, False)]
    for how in ("application/pdf", "text/html"):
        old = await world.call("GET", "/months/2026-11/certificate", headers={"Accept": how}, params={"number": 1})
        assert (old.status_code, old.headers["content-type"].partition(";")[0]) == (200, how)
    assert (await world.call("GET", "/months/2026-11/certificate", params={"number": 3})).status_code == 404


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


AMOUNTS = st.decimals(min_value=0, max_value=200, places=3)
STATES = st.tuples(st.integers(0, 40), AMOUNTS, st.sampled_from(CYCLES), st.booleans())
LINES = st.tuples(st.sampled_from(CUSTOMERS), st.integers(0, 3), st.integers(0, 40), AMOUNTS, st.sampled_from(CYCLES))
OUTCOMES = st.sampled_from(["pending", "failed", "held", "skipped"])


@given(
    lines=st.lists(LINES, max_size=12),
    things=st.lists(st.tuples(OUTCOMES, st.none() | STATES), min_size=13, max_size=13),
    cleanups=st.lists(STATES, max_size=2),
    shared=st.booleans(),
    planned=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_billed_is_in_halo_and_what_the_reasons_say(
    world: "World",
    *,
    lines: Sequence[tuple[str, int, int, Decimal, str]],
    things: Sequence[tuple[str, Any]],
    cleanups: Sequence[Any],
    shared: bool,
    planned: bool,
) -> None:
    partner = f"p-{uuid4()}"
    await PartnerStore(world.pool).add(partner, "A partner")
    rows = [
        world.line(n, customer_id=c, product_code=f"P-{p}", quantity=Decimal(q), unit_price=price, billing_cycle=cycle)
        for n, (c, p, q, price, cycle) in enumerate(lines, 1)
    ]
    invoice_pk = await world.invoice(lines=rows, partner=partner)
    groups: Mapping[tuple[str, ...], list[int]] = defaultdict(list)
    for number, (customer, product, *_) in enumerate(lines, 1):
        groups[("all" if shared else customer, str(product))].append(number)
    items, holds = [], []
    for licence_id, (numbers, (outcome, state)) in enumerate(zip(groups.values(), things, strict=False), 100):
        customers = sorted({lines[number - 1][0] for number in numbers})
        known = licence_id if state else None
        code = f"P-{lines[numbers[0] - 1][1]}"
        items.append(
            world.item(
                outcome=outcome,
                reason="a_reason",
                customer_ids=customers,
                product_code=code,
                line_nos=numbers,
                halo_licence_id=known,
            )
        )
        holds += [(licence_id, state)] if state else []
    for licence_id, state in enumerate(cleanups, 500):
        items.append(
            world.item(
                outcome="held",
                action="delete",
                reason="delete_guard",
                customer_ids=[],
                product_code=None,
                halo_licence_id=licence_id,
            )
        )
        holds.append((licence_id, state))
    for licence_id, (held, price, cycle, active) in holds:
        await licence(
            world,
            licence_id,
            partner=partner,
            quantity=Decimal(held),
            price=price,
            billing_cycle=cycle,
            is_active=active,
        )
    if planned and items:
        await world.finish(await world.run(invoice_pk, items, partner=partner), "partial")
    month = await world.get("/months/2026-11", partner=partner, key=None)

    billed = sum((cents(Decimal(q) * price) for _, _, q, price, _ in lines), Decimal(0))
    in_halo = sum((cents(Decimal(s[0]) * s[1]) for _, s in holds if s[3]), Decimal(0)) if planned else Decimal(0)
    assert total(month["totals"], "billed") == total(month["customers"], "billed") == billed
    assert total(month["totals"], "in_halo") == total(month["customers"], "in_halo") == in_halo
    assert billed == in_halo + total(month["reasons"], "amount")
    for each in month["totals"]:
        assert Decimal(each["billed"]) == Decimal(each["in_halo"]) + Decimal(each["explained"])
        assert Decimal(each["unexplained"]) == 0
    for each in month["customers"]:
        assert Decimal(each["difference"]) == total(each["reasons"], "amount")
    rows_shown = await shown_rows(world, partner)
    assert total(rows_shown, "difference") == billed - in_halo
    things_now = len(items) if planned and items else len({(c, p) for c, p, *_ in lines})
    assert len({row["item_key"] for row in rows_shown}) == things_now
    assert sum(each["count"] for each in month["reasons"]) == things_now


async def shown_rows(world: "World", partner: str) -> list[Any]:
    """Return every row of the month, read in small pages."""
    rows: list[Any] = []
    cursor = None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = await world.get("/months/2026-11/items", partner=partner, key=None, params=params)
        rows += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows


def cents(amount: Decimal) -> Decimal:
    """Round half up, as the invoice's total takes it."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def total(rows: Sequence[Mapping[str, Any]], name: str) -> Decimal:
    """Sum one column."""
    return sum((Decimal(row[name]) for row in rows), Decimal(0))
