"""The month in Chromium: what differs, a difference accepted, the month closed; in every look."""

import io
import re

import pytest
from playwright.async_api import expect
from pypdf import PdfReader

from tests.browser.accessibility import accessible_in_both_colours
from tests.browser.looks import DESKTOP, SCREENS, Look
from tests.browser.visiting import Visitors, enter
from tests.partner import Partner, lines

LONG = "W" * 200
TURNED = "\u202e\u05e9\u05dc\u05d5\u05dd\u202c \u0645\u0631\u062d\u0628\u0627 & Co " + "x" * 120

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


@pytest.mark.parametrize("look", SCREENS, ids=str)
async def test_a_month_is_closed_by_somebody_who_has_seen_what_differs(
    visitors: Visitors, partner: Partner, look: Look
) -> None:
    await partner.connect()
    stranger = lines(1, customer_id="C-9", customer_name=LONG, line_id="s", unit_price="1200")
    turned = lines(1, customer_id="C-8", customer_name=TURNED, line_id="t", unit_price="9000000")
    await partner.publish(partner.event([*lines(3, unit_price="12.50"), *stranger, *turned]))
    assert (await partner.sync())["state"] == "succeeded"
    page = await visitors.page(look)
    await enter(page, partner.api_key, f"/portal/{partner.name}/month")
    await expect(page.get_by_role("heading", level=1)).to_have_text("November 2026")
    await expect(page.get_by_text("Not synchronised:")).to_be_visible()
    await accessible_in_both_colours(page, f"month-{look.width}")
    if look.width > 1000:  # the first row of data is seen without scrolling
        box = await page.get_by_role("rowheader", name="Monthly").first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 800
    await expect(page.locator("#sync-panel").get_by_role("button", name="Sync", exact=True)).to_be_enabled()
    await page.goto(f"/portal/{partner.name}/customers/unmatched")
    names = page.get_by_role("table", name="2 customers without a client").get_by_role("rowheader")
    await expect(names.first).to_contain_text("C-8")  # the most money first
    await page.get_by_label(LONG).check()
    await expect(page.get_by_text("1 customer ticked: AUD")).to_be_visible()
    await accessible_in_both_colours(page, f"unmatched-{look.width}")
    await page.get_by_role("button", name="Exclude").click()
    await expect(page.get_by_text("1 customer is excluded")).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Undo")).click()
    await expect(page.get_by_text("1 customer set back")).to_be_visible()
    await page.goto(f"/portal/{partner.name}/month")
    await page.get_by_role("link", name="No active client of that name in Halo").click()
    await page.get_by_text("Accept as it is").first.click()
    await accessible_in_both_colours(page, f"month-rows-{look.width}")
    for _ in range(2):
        if not await page.get_by_label("Why it is right as it is").first.is_visible():
            await page.get_by_text("Accept as it is").first.click()
        await page.get_by_label("Why it is right as it is").first.fill("Billed by hand.")
        await page.get_by_role("button", name="Accept", exact=True).first.click()
        await expect(page.get_by_text("Accepted as it is.")).to_be_visible()
    await page.get_by_role("button", name="Close November 2026").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Certificate: November 2026")
    await accessible_in_both_colours(page, f"certificate-{look.width}")


async def test_a_certificate_with_twenty_exceptions_prints_on_one_page(visitors: Visitors, partner: Partner) -> None:
    await partner.connect()
    strangers = [
        line
        for number in range(20)
        for line in lines(1, customer_id=f"C-{number}", customer_name=f"Stranger {number} Pty Ltd", line_id=str(number))
    ]
    await partner.publish(partner.event(strangers))
    await partner.sync()
    for row in (await partner.get("/months/2026-11/items"))["items"]:
        accepted = await partner.api.put(
            f"{partner.path}/months/2026-11/acceptances/{row['item_key']}",
            json={"note": "We bill this one by hand until the contract ends."},
        )
        accepted.raise_for_status()
    (await partner.api.post(f"{partner.path}/months/2026-11/close", json={"seen": 20})).raise_for_status()
    page = await visitors.page(DESKTOP)
    await enter(page, partner.api_key, f"/portal/{partner.name}/month/certificate?period=2026-11")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Certificate: November 2026")
    printed = PdfReader(io.BytesIO(await page.pdf(format="A4")))
    text = " ".join(printed.pages[0].extract_text().split())
    assert len(printed.pages) == 1
    assert all(f"Stranger {number} " in text for number in range(20))
    assert "Download as PDF" not in text, "rows only"
    assert "Sign out" not in text


@pytest.mark.parametrize("look", SCREENS, ids=str)
async def test_all_rows_of_a_customer_are_accepted_with_one_note_and_the_month_closed(
    visitors: Visitors, partner: Partner, look: Look
) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(12, customer_id="C-9", customer_name="Wide World", unit_price="12.50")))
    assert (await partner.sync())["state"] == "succeeded"
    page = await visitors.page(look)
    await enter(page, partner.api_key, f"/portal/{partner.name}/month")
    await page.get_by_role("link", name="Wide World").click()
    await expect(page.get_by_text("12 licences, AUD 975.00.")).to_be_visible()
    await page.get_by_text("Accept all 12 as they are").focus()
    await page.keyboard.press("Enter")
    await accessible_in_both_colours(page, f"accept-together-{look.width}")
    await page.get_by_label("Why they are right as they are").fill("Billed by hand.")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("12 licences are accepted.")).to_be_visible()
    await expect(page.get_by_role("button", name="Take back all 12")).to_be_visible()
    await accessible_in_both_colours(page, f"accepted-together-{look.width}")
    await page.goto(f"/portal/{partner.name}/month")
    await page.get_by_role("button", name="Close November 2026").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Certificate: November 2026")
    rows = (await partner.get("/months/2026-11/certificate"))["exceptions"]
    assert [row["note"] for row in rows] == ["Billed by hand."] * 12
