"""History: the chart of the last invoices with its numbers, and all runs by page."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

HISTORY = "/portal/acme-msp/history"
NOW = datetime(2026, 11, 5, 3, tzinfo=UTC)


async def test_without_invoices_and_runs_the_page_says_what_will_be_here(browser: "Browser") -> None:
    await browser.sign_in()
    page = await browser.open(HISTORY)
    assert page.title == "History"
    assert page.one("[aria-current=page]").get_text() == "History"
    assert page.texts(".empty-title") == ["No invoice has arrived yet", "Nothing has been synchronised yet"]


async def test_the_chart_tells_the_numbers_of_the_table(browser: "Browser", world: "World") -> None:
    await world.invoice("INV-10", period="2026-10", issued_at=world.issued - timedelta(days=31))
    newest = await world.invoice("INV-11")
    items = [world.item(outcome="synced")] * 1200 + [world.item(outcome="failed")] * 2
    run_id = await world.run(newest, items, state="partial")
    await browser.sign_in()
    page = await browser.open(HISTORY)

    svg = page.one("svg.chart")
    assert svg["role"] == "img"
    named = [page.one(f"#{part}").get_text() for part in str(svg["aria-labelledby"]).split()]
    assert named[0] == "What became of the last 2 invoices"
    assert "November 2026: 1,200 synced, 2 failed" in named[1]
    assert "October 2026: never synchronised" in named[1]
    assert page.texts("svg text.chart-total") == ["–", "1,202"]
    assert page.texts("svg text.chart-month") == ["Oct", "Nov"]
    assert page.texts("svg text.chart-year") == ["2026", ""]

    rows = [page.texts(f"details tbody tr:nth-of-type({number}) > *") for number in (1, 2)]
    assert [row[0] for row in rows] == ["November 2026 INV-11", "October 2026 INV-10"]
    assert rows[0][2:5] == ["1,200", "2", "1,202"]
    assert rows[1][2:] == ["–", "–", "–", "Never synchronised"]
    assert page.one("details tbody td a")["href"] == f"/portal/acme-msp/runs/{run_id}"


async def test_an_invoice_that_was_replaced_before_it_was_synchronised_is_told_so(
    browser: "Browser", world: "World"
) -> None:
    replaced = await world.invoice("INV-A")
    applied = await world.invoice("INV-B", issued_at=world.issued + timedelta(hours=1))
    newest = await world.invoice("INV-C", issued_at=world.issued + timedelta(hours=2))
    await world.run(applied, [world.item(outcome="synced")], state="partial")
    await world.pool.execute("UPDATE invoice SET superseded_by = $1 WHERE invoice_pk < $1", newest)
    assert replaced
    await browser.sign_in()
    page = await browser.open(HISTORY)
    assert [row.split()[2] for row in page.texts("details tbody th")] == ["INV-C", "INV-A"]
    rows = page.texts("details tbody td:last-child")
    assert rows == ["Not synchronised yet", "Replaced by INV-C before it was synchronised"]
    assert page.texts("svg .chart-none") == ["replaced", "not synced"]
    assert "replaced by INV-C before it was synchronised" in page.one("#chart-text").get_text()


async def test_invoices_that_one_run_synchronised_together_are_one_row_with_all_their_links_and_dates(
    browser: "Browser", world: "World"
) -> None:
    older = await world.invoice("INV-A")
    newer = await world.invoice("INV-B", issued_at=world.issued + timedelta(days=1))
    run_id = await world.run(newer, [world.item(outcome="synced")], state="partial")
    await world.pool.execute("INSERT INTO run_further_invoice VALUES ($1, $2, 1)", run_id, older)
    await browser.sign_in()
    page = await browser.open(HISTORY)
    links = [link["href"] for link in page.soup.select("details tbody th a")]
    assert links == [f"/portal/acme-msp/report?invoice={name}" for name in ("INV-B", "INV-A")]
    times = [str(each["datetime"])[:10] for each in page.soup.select("details tbody td:nth-of-type(1) time")]
    assert times == [f"{at:%Y-%m-%d}" for at in (world.issued + timedelta(days=1), world.issued)]
    assert "with INV-A" in page.texts("svg g.chart-stack title")[0]


async def test_only_the_last_twelve_invoices_are_in_the_chart(browser: "Browser", world: "World") -> None:
    for number in range(14):
        await world.invoice(f"INV-{number}", issued_at=world.issued - timedelta(days=31 * number))
    await browser.sign_in()
    page = await browser.open(HISTORY)
    assert len(page.texts("svg text.chart-month")) == 12
    assert len(page.texts("details tbody tr")) == 12


async def test_every_run_is_listed_with_what_it_did(browser: "Browser", world: "World") -> None:
    invoice_pk = await world.invoice()
    items = [world.item(outcome="held", action="delete"), world.item(outcome="synced")]
    await world.run(
        invoice_pk,
        items,
        state="partial",
        created_at=NOW,
        started_at=NOW,
        finished_at=NOW + timedelta(minutes=3),
        requested_by="auto_sync",
        halo_requests=1234,
    )
    preview = await world.run(invoice_pk, state="failed", mode="preview", created_at=NOW + timedelta(hours=1))
    await browser.sign_in()
    page = await browser.open(HISTORY)
    first, second = page.texts("table.runs tbody tr")
    assert first.startswith("Preview of 5 Nov 2026, 04:00 UTC November 2026 INV-1")
    assert "Failed" in first
    assert page.soup.select("table.runs tbody a")[0]["href"] == f"/portal/acme-msp/runs/{preview}"
    assert second.startswith("Sync of 5 Nov 2026, 03:00 UTC November 2026 INV-1")
    assert "Partly done 1 0 1 0 3 minutes 1,234 requests Automatic Sync" in second


async def test_runs_are_paged_and_narrowed_by_links(browser: "Browser", world: "World") -> None:
    invoice_pk = await world.invoice()
    for number in range(30):
        mode = "preview" if number % 3 == 0 else "apply"
        await world.run(invoice_pk, mode=mode, state="cancelled", created_at=NOW + timedelta(hours=number))
    await browser.sign_in()
    page = await browser.open(HISTORY)
    assert len(page.texts("table.runs tbody tr")) == 25
    assert page.texts(".switch a") == ["All 30", "Syncs 20", "Previews 10"]
    page = await browser.open(str(page.one("a[rel=next]")["href"]))
    assert len(page.texts("table.runs tbody tr")) == 5
    assert page.one("a[rel=prev]")["href"] == HISTORY
    page = await browser.open(f"{HISTORY}?mode=preview")
    assert len(page.texts("table.runs tbody tr")) == 10
    assert page.texts(".switch [aria-current]") == ["Previews 10"]
    page = await browser.open(f"{HISTORY}?page=99")
    assert len(page.texts("table.runs tbody tr")) == 5


async def test_undos_and_their_previews_are_called_so_and_counted(browser: "Browser", world: "World") -> None:
    invoice_pk = await world.invoice()
    sync = await world.run(invoice_pk, state="succeeded", created_at=NOW)
    for hours, mode, state in ((1, "undo_preview", "previewed"), (2, "undo", "succeeded")):
        undo = await world.run(invoice_pk, mode=mode, state=state, undoes=sync, created_at=NOW + timedelta(hours=hours))
    await browser.sign_in()
    page = await browser.open(HISTORY)
    assert page.texts(".switch a") == ["All 3", "Syncs 1", "Previews 0", "Undos 1", "Previews of undos 1"]
    assert [row.split(" of 5 Nov")[0] for row in page.texts("table.runs tbody tr")] == [
        "Undo",
        "Preview of an undo",
        "Sync",
    ]
    page = await browser.open(f"{HISTORY}?mode=undo")
    assert len(page.texts("table.runs tbody tr")) == 1
    page = await browser.open(f"/portal/acme-msp/search?q={str(undo)[:8]}")
    assert page.texts(".hits a") == ["Undo of November 2026"]


async def test_another_partners_past_is_not_shown(browser: "Browser", world: "World") -> None:
    await world.run(await world.invoice("INV-RIVAL", partner="rival-msp"), partner="rival-msp")
    await browser.sign_in()
    assert "INV-RIVAL" not in (await browser.open(HISTORY)).text
    await browser.open("/portal/rival-msp/history", status=404)
