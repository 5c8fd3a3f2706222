"""The Report: which invoice, numbers that add up, lines that were asked for, and the button that mends each."""

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser
from .report_pages import ACME, HERE, NOT_FOUND, REFUSED, RIVAL, line_nos, rows, synchronised


async def test_before_the_first_invoice_the_page_says_when_it_is_expected(browser: "Browser") -> None:
    await browser.sign_in()
    page = await browser.open(HERE)
    assert "No invoice has arrived yet" in page.text
    assert "expected on" in page.text
    assert page.one(".empty a.button")["href"] == f"/portal/{ACME}/halo-psa"


async def test_the_newest_invoice_is_shown_and_earlier_ones_can_be_picked(browser: "Browser", world: "World") -> None:
    await world.connect()
    await world.invoice("INV-2", [world.line(1)], total=Decimal("1234.5"), revision=2)
    for number in range(2):
        await world.invoice(f"OLD-{number}", period="2026-10", issued_at=world.issued - timedelta(days=30 + number))
    await browser.sign_in()
    page = await browser.open(HERE)
    assert page.title == "Report: November 2026"
    assert "INV-2 revision 2" in page.text
    assert "AUD\N{NO-BREAK SPACE}1,234.50" in page.response.text
    assert page.texts("#invoice option") == ["November 2026", "October 2026, OLD-0", "October 2026, OLD-1"]
    assert "Not synchronised yet" in page.text
    page = await browser.submit(HERE, invoice="OLD-1")
    assert page.title == "Report: October 2026"
    assert "not the newest" in page.text
    assert [str(option["value"]) for option in page.soup.select("#invoice option[selected]")] == ["OLD-1"]


async def test_an_invoice_id_may_be_anything_that_is_no_markup_and_no_other_partners(
    browser: "Browser", world: "World"
) -> None:
    await world.invoice("<i>&/?#\"'", [world.line(1, customer_name="<script>alert(1)</script>")])
    await world.invoice("THEIRS", [world.line(1)], partner=RIVAL)
    await browser.sign_in()
    page = await browser.open(HERE)
    assert "<i>&/?#\"'" in page.text
    assert page.texts("table.lines tbody th > a") == ["<script>alert(1)</script>"]
    assert [script for script in page.soup.select("script") if not script.get("src")] == []
    for path in (f"{HERE}?invoice=THEIRS", f"{HERE}/lines.csv?invoice=THEIRS", f"{HERE}?invoice=%00"):
        assert (await browser.client.get(path)).status_code in {404, 422}
    assert (await browser.client.get(f"/portal/{RIVAL}/report")).status_code == 404


async def test_the_numbers_add_up_and_lead_to_their_lines(browser: "Browser", world: "World") -> None:
    await world.connect()
    run_id = await synchronised(world)
    await browser.sign_in()
    page = await browser.open(HERE)
    stats = page.texts(".counters .stat")
    assert stats == [
        "1 Successful 1 line synced",
        "1 Failed 1 line failed",
        "1 Skipped 2 lines skipped",
        "2 Held 1 line held 1 not on the invoice , held",
        "0 Not yet done",
        "5 Licences in all 5 lines",
    ]
    links = {
        text: page.soup.select(".counters .stat a")[place]["href"]
        for place, text in enumerate(page.texts(".counters a"))
    }
    assert links["1 not on the invoice , held"] == f"/portal/{ACME}/runs/{run_id}?outcome=held#items-title"
    page = await browser.open(str(links["2 lines skipped"]))
    assert line_nos(page) == [3, 4]
    assert [str(one["value"]) for one in page.soup.select("#status option[selected]")] == ["skipped"]


async def test_a_reason_of_several_lines_is_said_once_for_the_customer(browser: "Browser", world: "World") -> None:
    await world.connect()
    codes = ("MAIL", "PHONE", "BACKUP", "ALONE")
    lines = [world.line(n, customer_name="Fabrikam", product_code=code) for n, code in enumerate(codes, start=1)]
    items = [
        world.item(**NOT_FOUND, customer_name="Fabrikam", product_code=code, line_nos=[n])
        for n, code in enumerate(codes[:3], start=1)
    ]
    items.append(world.item(**REFUSED, customer_name="Fabrikam", product_code="ALONE", line_nos=[4]))
    run_id = await world.run(await world.invoice("INV-1", lines), items)
    await world.finish(run_id, "partial")
    await browser.sign_in()
    page = await browser.open(HERE)
    label = "No active client of that name in Halo"
    assert page.texts("table.lines .said-once") == [f"{label}. Link it. Link the customer : Fabrikam"]
    told = page.texts("table.lines td:last-child")
    assert sum(label in text or "Link it." in text for text in told) == 0
    assert [text for text in told if "Skipped" in text] == ["Skipped"] * 3
    assert any("Halo refused it" in text and REFUSED["detail"] in text for text in told), "its own reason is its own"


@pytest.mark.parametrize(
    ("state", "told"), [("failed", "The last Sync failed before"), ("cancelled", "The last Sync was cancelled before")]
)
async def test_the_numbers_name_their_sync_when_a_later_one_had_no_plan(
    browser: "Browser", world: "World", state: str, told: str
) -> None:
    await world.connect()
    await synchronised(world)
    await browser.sign_in()
    assert (await browser.open(HERE)).texts("#counters-title") == ["What the last Sync did"]
    invoice_pk = await world.pool.fetchval("SELECT invoice_pk FROM invoice")
    await world.finish(await world.run(invoice_pk, mode="preview", state="reading"), state)
    assert (await browser.open(HERE)).texts("#counters-title") == ["What the last Sync did"]
    later = await world.run(invoice_pk, state="reading")
    assert (await browser.open(HERE)).texts("#counters-title") == ["What the last Sync did"]
    await world.finish(later, state)
    page = await browser.open(HERE)
    assert page.texts("#counters-title") == ["What an earlier Sync did"]
    [words] = [text for text in page.texts("#report-counters p") if told in text]
    finished = await world.pool.fetchval("SELECT finished_at FROM run WHERE state = 'partial'")
    assert f"{finished:%Y}" in words
    assert "Partly done" in " ".join(page.texts("#report-counters .title-row"))


async def test_lines_stand_below_their_customer_with_its_money_and_trouble(browser: "Browser", world: "World") -> None:
    await synchronised(world)
    await browser.sign_in()
    page = await browser.open(HERE)
    for button in page.soup.select("tr.customer button"):
        button.decompose()  # folds the lines
    (first,) = page.texts("tr.customer")
    nbsp = "\N{NO-BREAK SPACE}"
    assert first.startswith("Contoso & Søns C-1 · 3 lines · 1 failed · 1 skipped · AUD")
    assert f"AUD{nbsp}378.00".replace(nbsp, " ") in first.replace(nbsp, " ")
    assert first.replace(nbsp, " ").split(" · ")[4:] == [
        "AUD 378.00 Monthly",
        "AUD 378.00 Yearly",
        "\N{MINUS SIGN}AUD 31.50 not recurring",
    ]
    # A customer with one line has no row of its own: its line says what the row would, its id too.
    _, _, _, fabrikam, zeta = [row.replace(nbsp, " ") for row in rows(page)]
    assert fabrikam.startswith("Fabrikam MAIL C-2, Product · line 4 12 31.50 378.00 Monthly Skipped")
    assert zeta.startswith("Zeta MAIL C-3, Product · line 5 0 31.50 0.00 Monthly Held")
    narrowed = rows(await browser.open(f"{HERE}?status=failed"))
    assert "C-1, Product · line 2 · 1 of the 3 lines of this customer" in narrowed[0]
    assert page.texts("table.lines tbody th[scope=row] > a") == ["Fabrikam", "Zeta"]
    for heading in page.soup.select("tr.customer th"):
        assert heading["scope"] == "rowgroup"


async def test_each_line_that_is_not_fine_has_its_reason_and_what_mends_it(browser: "Browser", world: "World") -> None:
    await world.connect()
    run_id = await synchronised(world)
    await browser.sign_in()
    page = await browser.open(HERE)
    fine, refused, credit, missing, held = page.soup.select("table.lines td:last-child")
    assert "Synced Unchanged" in " ".join(fine.get_text(" ").split())
    assert not fine.select("a, button")
    assert "Not a recurring charge" in credit.get_text()
    assert not credit.select("a, button")
    assert "Halo refused this: no." in refused.get_text()
    assert not refused.select("a, button"), "trying again does not help before it is corrected"
    assert missing.select("a")[0]["href"] == f"/portal/{ACME}/customers?q=Fabrikam"
    assert held.select("a")[0]["href"] == f"/portal/{ACME}/runs/{run_id}/removals"
    assert page.texts("#sync-panel .stack .notice-warn a") == ["Show what failed", "Look at the removals"]

    await world.pool.execute("UPDATE item SET reason = 'halo_unavailable' WHERE reason = 'halo_rejected'")
    page = await browser.open(HERE)
    assert page.one("table.lines td:last-child button")["form"] == "retry"
    for retry in (page.one("form#retry[method=post]"), page.one("#sync-panel .notice form")):
        assert retry["action"] == f"/portal/{ACME}/runs/{run_id}/retry"
        assert retry.select("input[name=csrf]")
    told = (
        "1 item failed in the last Sync: Halo could not be reached. 1 other item is as the invoice says, 1 was skipped."
    )
    assert told in page.text


async def test_nothing_that_starts_a_run_is_offered_when_none_can_start(browser: "Browser", world: "World") -> None:
    await synchronised(world)
    await browser.sign_in()
    page = await browser.open(HERE)  # not connected
    assert not page.soup.select("table.lines td:last-child :is(button, a)")
    assert "not connected" in page.text
    assert not page.soup.select("#sync-panel")
    await world.connect()
    page = await browser.open(HERE)
    assert page.soup.select("#sync-panel")
    going = await world.run(await world.invoice("INV-2", period="2026-12", issued_at=world.issued + timedelta(days=30)))
    page = await browser.open(f"{HERE}?invoice=INV-1")  # not the newest
    assert not page.soup.select("#sync-panel")
    assert not page.soup.select("table.lines td:last-child button")
    assert page.soup.select("table.lines td:last-child a")  # what can be linked meanwhile
    await world.finish(going)


async def test_while_a_run_goes_on_no_other_is_offered(browser: "Browser", world: "World") -> None:
    await world.connect()
    await synchronised(world)
    invoice = await world.ports.invoice_reports.find(ACME, "INV-1")
    assert invoice is not None
    await world.run(invoice.invoice.invoice_pk, state="reading")
    await browser.sign_in()
    page = await browser.open(HERE)
    assert line_nos(page) == [1, 2, 3, 4, 5]
    assert "Failed" in rows(page)[1]
    assert not page.soup.select("table.lines td:last-child button")


async def test_a_broken_permission_leads_to_the_connection(browser: "Browser", world: "World") -> None:
    invoice_pk = await world.invoice("INV-1", [world.line(1), world.line(2)])
    await world.run(
        invoice_pk,
        [
            world.item(outcome="failed", reason="permission_denied", line_nos=[1]),
            world.item(outcome="failed", reason="a_reason_of_tomorrow", detail="Do it.", line_nos=[2]),
        ],
    )
    await browser.sign_in()
    page = await browser.open(HERE)
    assert [link["href"] for link in page.soup.select("table.lines td:last-child a")] == [f"/portal/{ACME}/halo-psa"]
    assert "A reason of tomorrow Do it." in page.text
