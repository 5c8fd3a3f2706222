"""The Customers and License tabs in the browser: by keyboard, without scripts, in bulk, by file; and Sync after it."""

import re
from pathlib import Path

import pytest
from devstack.fields import Fields
from devstack.wait import until
from playwright.async_api import FilePayload, Locator, Page, expect

from tests.browser.accessibility import accessible_in_both_colours
from tests.browser.looks import PHONE, SCREENS, picture
from tests.browser.visiting import Visitors, enter
from tests.partner import Partner

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

CLIENTS = [
    {"id": 3, "name": "Northwind Traders Pty Ltd"},
    {"id": 4, "name": "Wingtip Toys"},
    {"id": 5, "name": "Wingtip Toys"},
    {"id": 6, "name": "<b>Odd</b> & Sons", "inactive": True},
]
CUSTOMERS = {"C-1": "Contoso", "C-2": "Northwind Traders", "C-3": "Wingtip Toys", "C-4": "Zebra <script>x</script>"}


def line(line_id: int, customer_id: str, code: str = "MS-365-BP", name: str = "Microsoft 365") -> Fields:
    return {
        "line_id": str(line_id),
        "customer_id": customer_id,
        "customer_name": CUSTOMERS[customer_id],
        "product_code": code,
        "product_name": name,
        "kind": "recurring",
        "quantity": "3",
        "unit_price": "10.00",
        "billing_cycle": "Monthly",
    }


async def prepared(partner: Partner) -> None:
    """A connected partner whose first Sync has read Halo and left three customers over."""
    await partner.halo.add_clients(partner.tenant, *CLIENTS)
    await partner.halo.add_licences(partner.tenant, {"client_id": 2, "name": "AV Antivirus", "count": 1})
    await partner.connect()
    lines = [line(number, customer_id) for number, customer_id in enumerate(CUSTOMERS)]
    await partner.publish(partner.event([*lines, line(9, "C-1", "AV", "Antivirus")]))
    run = await partner.sync()
    assert run["counters"]["skipped"] == 3


async def opened(page: Page, partner: Partner, tab: str = "customers") -> None:
    await enter(page, partner.api_key, f"/portal/{partner.name}/{tab}")


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


@pytest.mark.parametrize("page", SCREENS, indirect=True, ids=str)
async def test_every_page_is_accessible(page: Page, partner: Partner, visitors: Visitors) -> None:
    here = f"/portal/{partner.name}"
    await partner.connect()
    await opened(page, partner)
    await accessible_in_both_colours(page, "customers-empty")
    await prepared_connected(partner)
    await page.goto(f"{here}/customers")
    await accessible_in_both_colours(page, "customers")
    field = page.get_by_role("combobox", name="Halo client of Zebra")
    await field.fill("contoso")
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await picture(page, f"customers-typeahead-{await page.evaluate('innerWidth')}")
    await page.goto(f"{here}/customers/client?customer_id=C-2&q=north")
    await accessible_in_both_colours(page, "customers-client")
    await page.goto(f"{here}/licences")
    await accessible_in_both_colours(page, "licences")
    for tab in ("customers", "licences"):
        await page.goto(f"{here}/{tab}/import")
        await accessible_in_both_colours(page, f"{tab}-import")
    visitors.watch.expect(422, f"{here}/customers/import")
    await load(page, partner, b"customer_id,halo_client_id\nC-9,1\n")
    await accessible_in_both_colours(page, "customers-file-errors")
    await load(page, partner, b"customer_id,halo_client_id,excluded\nC-2,3,\nC-3,4,\nC-1,,yes\n")
    await accessible_in_both_colours(page, "customers-changes")
    await page.get_by_role("button", name="Apply 3 changes").click()
    await expect(page.get_by_text("3 customers changed")).to_be_visible()
    await accessible_in_both_colours(page, "customers-changed")


async def prepared_connected(partner: Partner) -> None:
    """Likewise for a partner that is connected already."""
    await partner.halo.add_clients(partner.tenant, *CLIENTS)
    lines = [line(number, customer_id) for number, customer_id in enumerate(CUSTOMERS)]
    await partner.publish(partner.event([*lines, line(9, "C-1", "AV", "Antivirus")]))
    await partner.halo.add_licences(partner.tenant, {"client_id": 2, "name": "AV Antivirus", "count": 1})
    await partner.sync()


async def load(page: Page, partner: Partner, content: bytes) -> None:
    await page.goto(f"/portal/{partner.name}/customers/import")
    file: FilePayload = {"name": "links.csv", "mimeType": "text/csv", "buffer": content}
    await page.get_by_label("CSV file").set_input_files(file)
    await page.get_by_role("button", name="Show what would change").click()
    await page.wait_for_load_state()


async def test_a_missing_customer_is_mapped_by_keyboard_and_the_next_sync_makes_its_licences(
    page: Page, partner: Partner
) -> None:
    await prepared(partner)
    await opened(page, partner)
    field = page.get_by_role("combobox", name="Halo client of Northwind Traders")
    await field.focus()
    await page.keyboard.type("traders")
    await expect(field).to_have_attribute("aria-expanded", "true")
    await expect(page.get_by_role("option")).to_have_text([re.compile("Northwind Traders Pty Ltd")])
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("option", selected=True)).to_have_count(1)
    active = await field.get_attribute("aria-activedescendant")
    assert active == await page.get_by_role("option", selected=True).get_attribute("id")
    await page.keyboard.press("Enter")
    await expect(field).to_have_value("Northwind Traders Pty Ltd")
    await expect(page.get_by_role("listbox")).to_have_count(0)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("is linked to")).to_be_visible()
    await expect(page.get_by_text("Press Sync on the Month tab")).to_be_visible()
    await expect(page.get_by_role("link", name="Go to Sync")).to_be_visible()
    await expect(row(page, "Northwind Traders")).to_contain_text("Linked")
    assert (3, "MS-365-BP") not in await partner.licences()
    await page.get_by_role("link", name="Go to Sync").press("Enter")
    sync = page.locator("#sync-panel").get_by_role("button", name="Sync", exact=True)
    await sync.press("Enter")

    async def is_there() -> bool:
        return (3, "MS-365-BP") in await partner.licences()

    await until(is_there, what="the licence", timeout_s=60)  # however quick the Sync is, and its button back
    await expect(sync).to_be_enabled()


async def test_the_list_closes_and_a_typed_name_alone_is_no_choice(page: Page, partner: Partner) -> None:
    await prepared(partner)
    await opened(page, partner)
    field = page.get_by_role("combobox", name="Halo client of Zebra")
    await field.fill("wing")
    await expect(page.get_by_role("option")).to_have_count(2)
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("option")).to_have_count(0)
    await field.press("Enter")
    assert await field.evaluate("field => !field.validity.valid")
    await field.fill("odd")
    await page.get_by_role("option", name="<b>Odd</b>").click()
    await expect(page.get_by_text("Chosen: <b>Odd</b> & Sons, #6, inactive in Halo.")).to_be_visible()
    await field.fill("contoso")
    await page.get_by_role("option").first.click()
    await expect(row(page, "Zebra")).to_contain_text("Already serves Contoso")
    await row(page, "Zebra").get_by_role("button", name="Link").click()
    await expect(page.get_by_text("Their products are taken together: it serves Contoso as well.")).to_be_visible()


async def test_suggestions_are_ticked_and_accepted_together(page: Page, partner: Partner) -> None:
    await prepared(partner)
    await opened(page, partner)
    accept = page.get_by_role("button", name=re.compile("^Accept"))
    await expect(accept).to_be_disabled()
    await row(page, "Wingtip").get_by_role("checkbox").nth(1).check()
    await expect(accept).to_have_text("Accept 1 ticked suggestion")
    await page.get_by_role("button", name="Tick the sure ones").click()
    # Two clients fit equally well: that is for a person to decide, and was decided.
    await expect(row(page, "Wingtip").get_by_role("checkbox").nth(1)).to_be_checked()
    await expect(accept).to_have_text("Accept 2 ticked suggestions")
    await row(page, "Wingtip").get_by_role("checkbox").first.check()
    await expect(row(page, "Wingtip").get_by_role("checkbox").nth(1)).not_to_be_checked()
    await row(page, "Wingtip").get_by_role("checkbox").nth(1).check()
    await accept.click()
    await expect(page.get_by_text("2 customers linked.")).to_be_visible()
    customers = {each["customer_id"]: each for each in (await partner.get("/customers"))["items"]}
    assert {key: customers[key]["halo_client_id"] for key in ("C-2", "C-3", "C-4")} == {"C-2": 3, "C-3": 5, "C-4": None}


async def test_without_scripts_everything_can_be_done(partner: Partner, visitors: Visitors) -> None:
    await prepared(partner)
    page = await visitors.page(PHONE, javascript=False)
    await opened(page, partner)
    await row(page, "Zebra").get_by_label("Halo client of Zebra").fill("wingtip")
    await row(page, "Zebra").get_by_role("button", name="Find in Halo").click()
    await page.get_by_role("radio").nth(1).check()
    await page.get_by_role("button", name="Link").click()
    await expect(row(page, "Zebra")).to_contain_text("Linked")
    await row(page, "Northwind").get_by_role("checkbox").first.check()
    await page.get_by_role("button", name="Accept ticked suggestions").click()
    await expect(page.get_by_text("1 customer linked.")).to_be_visible()
    await row(page, "Wingtip").get_by_role("button", name="Exclude").click()
    await expect(row(page, "Wingtip")).to_contain_text("Excluded")
    await page.goto(f"/portal/{partner.name}/licences")
    await row(page, "AV").get_by_text("Change the licence name of AV").click()
    await row(page, "AV").get_by_label("Licence name of AV").fill("Antivirus by us")
    await row(page, "AV").get_by_role("button", name="Link").click()
    await expect(page.get_by_text("the next sync creates licences with it")).to_be_visible()


async def test_a_licence_name_is_found_while_typing(page: Page, partner: Partner) -> None:
    await prepared(partner)
    await opened(page, partner, "licences")
    await page.get_by_text("Change the licence name of AV").click()
    field = page.get_by_role("combobox", name="Licence name of AV")
    await field.fill("anti")
    await page.get_by_role("option", name="AV Antivirus").click()
    await field.press("Enter")
    await expect(page.get_by_text('"AV" is linked to the licence name "AV Antivirus".')).to_be_visible()


async def test_halo_is_read_again_and_the_page_shows_it(page: Page, partner: Partner) -> None:
    await prepared(partner)
    await opened(page, partner)
    await partner.halo.add_clients(partner.tenant, {"id": 9, "name": CUSTOMERS["C-4"]})
    await page.get_by_role("button", name="Read Halo again").click()
    await expect(page.get_by_text("Halo has been read again")).to_be_visible(timeout=60_000)
    await expect(row(page, "Zebra")).to_contain_text("Same name")


async def test_a_file_goes_out_and_comes_in(page: Page, partner: Partner, tmp_path: Path) -> None:
    await prepared(partner)
    await opened(page, partner)
    async with page.expect_download() as saving:
        await page.get_by_role("link", name="Download all as CSV").click()
    file = tmp_path / "customers.csv"
    await (await saving.value).save_as(file)
    await load(page, partner, file.read_bytes())
    await expect(page.get_by_text("The file changes nothing")).to_be_visible()
    text = file.read_text("utf-8-sig")
    await load(page, partner, text.replace("C-2,Northwind Traders,", "C-2,Northwind Traders,3").encode())
    await page.get_by_role("button", name="Apply 1 change").click()
    await expect(row(page, "Northwind")).to_contain_text("Linked")
