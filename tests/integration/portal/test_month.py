"""The month page: what needs somebody first, a difference accepted with a note, the month closed and certified."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

MONTH = "/portal/acme-msp/month"


async def difference(world: "World") -> None:
    """Leave a month with one customer in Halo and one that has no client."""
    other = {"customer_id": "C-2", "customer_name": "Wide World", "unit_price": Decimal(100)}
    invoice_pk = await world.invoice(lines=[world.line(1), world.line(2, **other)])
    await world.pool.execute(
        "INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, quantity, price, billing_cycle,"
        " is_active) VALUES ('acme-msp', 5, 7, 'P-1', 12, 31.50, 'Monthly', true)"
    )
    done = world.item(
        outcome="synced", action="create", after=("12", "31.50", "Monthly", True), halo_licence_id=5, line_nos=[1]
    )
    unmatched = world.item(
        outcome="skipped",
        action="none",
        reason="customer_not_found",
        detail="No client is called Wide World.",
        customer_ids=["C-2"],
        customer_name="Wide World",
        halo_client_id=None,
        line_nos=[2],
    )
    await world.finish(await world.run(invoice_pk, [done, unmatched]), "partial")


async def test_before_the_first_invoice_the_page_says_what_will_be_here(browser: "Browser", world: "World") -> None:
    await browser.sign_in()
    page = await browser.open(MONTH)
    assert page.texts(".empty-title") == ["No invoice has arrived yet"]
    expected = (await world.get("/summary"))["next_expected_invoice"]
    assert f"expected on {date.fromisoformat(expected):%-d %b %Y}" in page.text


async def test_before_the_first_sync_nothing_is_said_of_what_halo_holds(browser: "Browser", world: "World") -> None:
    lines = [world.line(1), world.line(2, kind="one_off")]
    invoice_pk = await world.invoice(lines=lines, total=Decimal("756.00"))
    await browser.sign_in()
    page = await browser.open(MONTH)
    assert "Not synchronised: AUD 378.00 at 1 customer. No Sync has compared this month with Halo yet." in page.text
    assert page.texts("#month-totals tbody tr") == ["Monthly 378.00 – –"]
    assert page.texts("section[aria-labelledby=customers-title] tbody tr") == [
        "Contoso 378.00 – – Not synchronised yet (1)"
    ]
    assert "Charges and credits that do not recur come to AUD 378.00 and make no licence." in page.text
    page = await browser.open(f"{MONTH}?customer=C-1")
    assert "378.00 – –" in page.texts("#rows tbody tr")[0]
    page = await browser.open("/portal/acme-msp/customer/C-1")
    assert "31.50 Monthly – – Not synchronised yet" in page.texts("table.against tbody tr")[0]
    assert page.texts("table.against tfoot tr") == ["Monthly, in all 378.00 – –"]

    excluded = world.item(
        outcome="skipped", action="none", reason="customer_excluded", halo_client_id=None, line_nos=[1]
    )
    await world.pool.execute(
        "INSERT INTO customer_link (partner_id, customer_id, excluded) VALUES ('acme-msp', 'C-1', true)"
    )
    await world.finish(await world.run(invoice_pk, [excluded]))
    page = await browser.open(MONTH)
    assert page.texts("#month-totals tbody tr") == ["Monthly 378.00 0.00 +378.00"]
    assert "Nothing in this month is left to do. Billed and in Halo differ by AUD 378.00, for reasons" in page.text
    assert "synchronised or" not in page.one("#month-state").get_text()
    await world.pool.execute("UPDATE customer_link SET excluded = false")
    page = await browser.open(MONTH)
    assert "Not synchronised: AUD 378.00 at 1 customer. Not synchronised yet. Go to Sync" in page.text
    assert page.texts("#month-totals tbody tr") == ["Monthly 378.00 0.00 +378.00"], "a Sync has looked since"


async def test_a_month_with_a_difference_is_accepted_closed_and_certified(browser: "Browser", world: "World") -> None:
    await difference(world)
    await browser.sign_in()
    page = await browser.open(MONTH)
    assert page.title == "November 2026"
    assert page.texts(".title-row .badge") == ["Open"]
    assert "Not synchronised: AUD 1,200.00 at 1 customer" in page.text
    assert page.one(".notice a.button")["href"] == "/portal/acme-msp/customers/unmatched"
    rows = page.texts("section[aria-labelledby=customers-title] tbody tr")
    assert [row.split(" ")[0] for row in rows] == ["Wide", "Contoso"]
    assert "No active client of that name in Halo (1)" in rows[0]
    assert "378.00 378.00 0.00 In Halo as billed" in rows[1]
    assert "2 lines" in page.text

    page = await browser.open(f"{MONTH}?customer=C-2")
    assert page.texts("#rows-title") == ["Wide World"]
    assert "No client is called Wide World." in page.text
    page = await browser.submit(f"{MONTH}/accept", note="Billed by hand.")
    assert "Accepted as it is." in page.text
    assert "Billed by hand." in page.text
    assert len(page.soup.select(f"form.inline[action='{MONTH}/accept'] button:-soup-contains('Undo')")) == 1
    page = await browser.submit(f"{MONTH}/accept")  # the notice's, which comes first
    assert "The acceptance was taken back." in page.text
    page = await browser.submit(f"{MONTH}/accept", note="Billed by hand, on paper.")
    assert page.texts(".title-row .badge") == ["Ready to close"]
    assert page.texts("section[aria-labelledby=reasons-title] td:last-child") == ["Accepted"], "no help is needed"

    page = await browser.submit(f"{MONTH}/close")
    assert page.title == "Certificate: November 2026"
    assert "Accepted by key of acme-msp: “ Billed by hand, on paper. ”" in page.text
    page = await browser.open(MONTH)
    assert page.texts(".title-row .badge") == ["Closed"]


async def test_a_month_that_has_changed_is_not_closed_unseen(browser: "Browser", world: "World") -> None:
    await difference(world)
    await browser.sign_in()
    await browser.open(f"{MONTH}?customer=C-2")
    await browser.submit(f"{MONTH}/accept", note="Billed by hand.")
    await world.pool.execute("DELETE FROM month_acceptance")
    page = await browser.submit(f"{MONTH}/close")
    assert "The month was not closed: 1 licence is not synchronised and not accepted yet." in page.text
    assert await world.pool.fetchval("SELECT count(*) FROM month_closing") == 0


@pytest.mark.parametrize(
    ("outcome", "help_with", "leads"), [("held", "Look at the edits", "/held"), ("synced", "Go to Sync", "#sync-title")]
)
async def test_an_edit_that_a_sync_holds_is_approved_and_not_synchronised_again(
    *, browser: "Browser", world: "World", outcome: str, help_with: str, leads: str
) -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    shape = ("12", "31.50", "Monthly", True)
    item = world.item(outcome=outcome, action="update", after=shape, halo_licence_id=5, line_nos=[1])
    item |= {"reason": "edited_in_halo"} if outcome == "held" else {}
    await world.pool.execute(
        "INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, quantity, price, billing_cycle,"
        " is_active) VALUES ('acme-msp', 5, 7, 'P-1', 15, 31.50, 'Monthly', true)"
    )
    await world.finish(await world.run(invoice_pk, [item]), "partial")
    await browser.sign_in()
    page = await browser.open(MONTH)
    assert page.texts(".notice a.button")[0] == help_with
    [link] = page.soup.select("section[aria-labelledby=reasons-title] td a")
    assert (link.text, str(link["href"]).endswith(leads)) == (help_with, True)
    assert page.texts("section[aria-labelledby=reasons-title] th a") == ["Changed in Halo since it was synchronised"]


async def test_what_failed_and_was_accepted_asks_for_nobody_any_more(browser: "Browser", world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1)])
    failed = world.item(outcome="failed", action="none", reason="conflicting_lines", line_nos=[1])
    await world.finish(await world.run(invoice_pk, [failed]), "partial")
    await browser.sign_in()
    page = await browser.open(f"{MONTH}?customer=C-1")
    assert "1 item failed in the last Sync: Invoice lines contradict each other." in page.text
    page = await browser.submit(f"{MONTH}/accept", note="Billed by hand.")
    assert page.texts(".title-row .badge") == ["Ready to close"]
    assert "failed in the last Sync" not in page.text
    assert "0 items are as the invoice says, 1 failed and is accepted." in page.text


async def test_what_makes_no_difference_and_needs_nobody_is_no_reason(browser: "Browser", world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1, quantity=Decimal(0)), world.line(2, quantity=Decimal(0))])
    nothing = world.item(outcome="skipped", action="none", reason="quantity_zero", line_nos=[1])
    failed = world.item(outcome="failed", action="none", reason="conflicting_lines", line_nos=[2], product_code="P-2")
    await world.finish(await world.run(invoice_pk, [nothing, failed]), "partial")
    await browser.sign_in()
    page = await browser.open(MONTH)
    assert page.texts("section[aria-labelledby=reasons-title] th a") == ["Invoice lines contradict each other"]
    assert page.texts(".why-line") == ["Invoice lines contradict each other (1)"]


async def test_what_is_not_there_is_not_found(browser: "Browser", world: "World") -> None:
    await world.invoice(lines=[world.line(1)])
    await browser.sign_in()
    await browser.open(f"{MONTH}?period=2020-01", status=404)
    await browser.open(f"{MONTH}/certificate?period=2026-11", status=404)
    page = await browser.open(f"{MONTH}?reason=not_synchronised")
    assert page.texts("#rows-title") == ["Not synchronised yet"]


async def test_the_certificates_of_a_month_that_was_opened_again_are_still_there(
    browser: "Browser", world: "World"
) -> None:
    invoice_pk = await world.invoice(lines=[world.line(1, kind="usage")])
    await browser.sign_in()
    await browser.open(MONTH)
    await browser.submit(f"{MONTH}/close")
    newer = await world.invoice(revision=2, lines=[world.line(1)])
    await world.pool.execute("UPDATE invoice SET superseded_by = $2 WHERE invoice_pk = $1", invoice_pk, newer)
    page = await browser.open(MONTH)
    assert "A new revision or an undo has opened this month again." in page.text
    page = await browser.open(f"{MONTH}/certificate?period=2026-11&number=1")
    assert "revision 1" in page.text
    await browser.open(f"{MONTH}/certificate?period=2026-11&number=2", status=404)


async def test_the_rows_behind_a_sum_are_sorted_and_paged(browser: "Browser", world: "World") -> None:
    lines = [
        world.line(number, product_code=f"P-{number}", quantity=Decimal(1), unit_price=Decimal(100 - number))
        for number in range(1, 61)
    ]
    await world.invoice(lines=lines)
    await browser.sign_in()

    async def products(query: str) -> list[str]:
        page = await browser.open(f"{MONTH}?customer=C-1{query}")
        return page.texts("#rows tbody th")

    shown = [name.split()[0] for name in await products("&row_sort=product")]
    assert shown == [f"P-{number}" for number in range(1, 26)], "numbers by their value, and a page of them"
    assert "Page 1 of 3" in (await browser.open(f"{MONTH}?customer=C-1")).text
    assert [name.split()[0] for name in await products("&row_sort=billed")][:2] == ["P-60", "P-59"]
    assert [name.split()[0] for name in await products("&row_sort=-billed&rows_page=3")] == [
        f"P-{number}" for number in range(51, 61)
    ]
    page = await browser.open(f"{MONTH}?customer=C-1&row_sort=-billed")
    (sorted_by,) = page.soup.select("#rows th[aria-sort]")
    assert sorted_by["aria-sort"] == "descending"
    heads = [str(link["href"]) for link in page.soup.select("#rows thead a")]
    assert len(heads) == 5, "all but the reason"
    for address in heads:
        assert "customer=C-1" in address
        await browser.open(address)
    await browser.open(f"{MONTH}?customer=C-1&row_sort=why", status=422)


async def test_after_a_sync_that_could_not_read_halo_the_page_says_what_is_not_known(
    browser: "Browser", world: "World"
) -> None:
    await difference(world)
    await world.pool.execute("UPDATE invoice SET line_count = 2")
    await world.pool.execute("DELETE FROM invoice_line WHERE line_no = 2")
    await world.pool.execute("DELETE FROM item WHERE reason = 'customer_not_found'")
    await browser.sign_in()
    page = await browser.open(MONTH)
    assert "Everything in this month is synchronised." in page.text
    invoice_pk = await world.pool.fetchval("SELECT invoice_pk FROM invoice")
    later = datetime.now(UTC) + timedelta(minutes=5)
    failed = await world.run(invoice_pk, error_code="read_shrunk", error="Too few.", created_at=later)
    await world.finish(failed, "failed")
    page = await browser.open(MONTH)
    assert "it is not known what has changed since" in page.text
    assert "Everything in this month is synchronised." not in page.text
