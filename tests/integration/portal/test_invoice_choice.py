"""The Sync panel asks which invoices of a month count, and whether an older month is wanted."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser, Page

pytestmark = pytest.mark.integration

MONTH = "/portal/acme-msp/month"
REPORT, SYNC, CHOICE = "/portal/acme-msp/report", "/portal/acme-msp/sync", "/portal/acme-msp/months/2026-11/invoices"


def disabled(page: "Page") -> list[str]:
    return [button.get_text() for button in page.soup.select(f"form[action='{SYNC}'] button[disabled]")]


async def of_last_run(world: "World") -> list[str]:
    rows = await world.pool.fetch(
        """SELECT invoice_id FROM invoice_of_run JOIN invoice USING (invoice_pk)
        WHERE run_id = (SELECT run_id FROM run ORDER BY created_at DESC LIMIT 1) ORDER BY line_offset"""
    )
    return [row["invoice_id"] for row in rows]


async def two_invoices(world: "World") -> None:
    await world.connect()
    await world.invoice("INV-A", [world.line(1)])
    await world.invoice("INV-B", [world.line(1)], issued_at=world.issued + timedelta(hours=1))


async def test_several_invoices_are_asked_about_and_then_carried_out_together(
    browser: "Browser", world: "World"
) -> None:
    await two_invoices(world)
    await browser.sign_in()
    page = await browser.open(REPORT)
    assert "There are 2 invoices for November 2026: INV-B, INV-A." in page.text
    assert disabled(page) == ["Preview", "Sync"]
    assert "Preview and Sync can be used when that is answered." in page.text

    page = await browser.submit(CHOICE, invoices="together")
    assert "count together now" in page.text
    assert disabled(page) == []
    assert "as INV-B and INV-A say" in page.text
    await browser.submit(SYNC, mode="apply")
    assert await of_last_run(world) == ["INV-B", "INV-A"]


async def test_the_month_says_of_which_invoices_its_sums_are_and_asks_first(browser: "Browser", world: "World") -> None:
    await two_invoices(world)
    await browser.sign_in()
    page = await browser.open(MONTH)
    assert "November 2026 has 2 invoices, and none replaces another. Say first which of them count." in page.text
    assert "the sums below are of INV-B alone" in page.text
    assert page.texts(".live .notice a.button") == ["Say which count"]
    assert "Not in these sums: invoice INV-A , 1 line, AUD 378.00." in page.text
    page = await browser.submit(CHOICE, invoices="together")
    assert page.title == "November 2026", "back to where the question stood"
    assert "Not in these sums" not in page.text
    assert page.texts("#month-totals tbody tr") == ["Monthly 756.00 – –"]
    page = await browser.submit(CHOICE, invoices="newest")
    assert "Say first" not in page.text
    assert "Not in these sums: invoice INV-A" in page.text


async def test_what_is_held_is_still_shown_when_the_question_takes_the_place_of_its_message(
    browser: "Browser", world: "World"
) -> None:
    await world.connect()
    held = world.item(outcome="held", action="delete", reason="first_review", line_nos=[1])
    run_id = await world.run(await world.invoice("INV-A", [world.line(1)]), [held])
    await world.finish(run_id, "partial")
    await browser.sign_in()
    for asked in (False, True):
        if asked:
            await world.invoice("INV-B", [world.line(1)], issued_at=world.issued - timedelta(hours=1))
        page = await browser.open(MONTH)
        assert ("Say first which of them count." in page.text) is asked
        assert len(page.soup.select(f"a.button[href='/portal/acme-msp/runs/{run_id}/review']")) == 1


async def test_invoices_in_different_currencies_are_never_offered_together(browser: "Browser", world: "World") -> None:
    await two_invoices(world)
    await world.pool.execute("UPDATE invoice SET currency = 'NZD' WHERE invoice_id = 'INV-A'")
    await browser.sign_in()
    page = await browser.open(MONTH)
    assert "because they are in different currencies: AUD and NZD." in page.text
    assert "Not in these sums: invoice INV-A , 1 line, NZD 378.00." in page.text
    assert page.texts(f"form[action='{CHOICE}'] button") == ["Only INV-B counts"]
    page = await browser.submit(CHOICE, invoices="newest")
    assert page.texts(f"form[action='{CHOICE}'] button") == []


async def test_the_answer_can_be_changed(browser: "Browser", world: "World") -> None:
    await two_invoices(world)
    await browser.sign_in()
    await browser.open(REPORT)
    await browser.submit(CHOICE, invoices="newest")
    page = await browser.submit(CHOICE, invoices="together")
    assert "All invoices of November 2026 count together" in page.text
    page = await browser.submit(CHOICE, invoices="newest")
    assert "Of 2 invoices of November 2026 only INV-B counts" in page.text
    await browser.submit(SYNC, mode="apply")
    assert await of_last_run(world) == ["INV-B"]


async def test_what_the_question_does_not_say_is_seen_below_the_buttons(browser: "Browser", world: "World") -> None:
    await two_invoices(world)
    await browser.sign_in()
    page = await browser.open(REPORT)
    assert page.texts("#sync-why.asked") == ["Preview and Sync can be used when that is answered."]
    await browser.submit(CHOICE, invoices="together")
    await world.pool.execute("UPDATE invoice SET currency = 'NZD' WHERE invoice_id = 'INV-A'")
    page = await browser.open(REPORT)
    [why] = page.texts("#sync-why:not(.asked)")
    assert "different currencies" in why
    await world.pool.execute("UPDATE connection SET state = 'broken'")
    page = await browser.open(REPORT)
    assert page.texts("#sync-why:not(.asked)") == ["Preview and Sync can be used when Halo is connected again."]


async def test_an_invoice_that_joined_the_others_unseen_is_not_carried_out_unseen(
    browser: "Browser", world: "World"
) -> None:
    await two_invoices(world)
    await browser.sign_in()
    await browser.open(REPORT)
    page = await browser.submit(CHOICE, invoices="together")
    await world.invoice("INV-0", [world.line(1)], issued_at=world.issued - timedelta(hours=1))
    browser.page = page
    page = await browser.submit(SYNC, mode="apply")
    assert "Nothing was started" in page.text
    assert "as INV-B and INV-A and INV-0 say" in page.text
    assert await of_last_run(world) == []


async def test_an_older_month_is_carried_out_only_by_a_button_that_says_so(browser: "Browser", world: "World") -> None:
    await world.connect()
    later = await world.invoice("INV-NOV", [world.line(1)])
    await world.finish(await world.run(later, [world.item(outcome="synced")]))
    await world.invoice("INV-OCT", [world.line(1)], issued_at=world.issued - timedelta(days=31))
    await world.pool.execute("UPDATE invoice SET superseded_by = invoice_pk WHERE invoice_id = 'INV-NOV'")
    await browser.sign_in()
    page = await browser.open(REPORT)
    assert "A later month than October 2026 was synchronised already." in page.text
    assert disabled(page) == ["Preview", "Sync"]
    await browser.submit(SYNC, mode="apply", allow_older="true")
    assert await of_last_run(world) == ["INV-OCT"]


async def test_a_form_that_is_none_of_ours_changes_nothing(browser: "Browser", world: "World") -> None:
    await two_invoices(world)
    await browser.sign_in()
    page = await browser.open(REPORT)
    csrf = page.soup.select(f"form[action='{CHOICE}'] input[name='csrf']")[0]["value"]
    assert (await browser.client.post(CHOICE, data={"csrf": csrf, "invoices": "both"})).status_code == 422
    assert await world.pool.fetchval("SELECT count(*) FROM month_choice") == 0
