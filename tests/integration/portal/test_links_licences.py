"""The License tab: which licence name each product has, links by hand, bulk acceptance, files; without a script."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser, Page

pytestmark = pytest.mark.integration

ACME, RIVAL = "acme-msp", "rival-msp"
HERE = f"/portal/{ACME}/licences"
PRODUCTS = {"MS-365-BP": "Microsoft 365", "AV/1": "Antivirus", "=X": "<b>Odd</b>"}
LICENCES = ["ms-365-bp", "AV 1 Antivirus", "Backup", "<i>Name</i>"]


async def prepared(world: "World", browser: "Browser", path: str = HERE, licences: Sequence[str] = LICENCES) -> "Page":
    lines = [
        world.line(number, product_code=code, product_name=name) for number, (code, name) in enumerate(PRODUCTS.items())
    ]
    await world.invoice(lines=[*lines, world.line(9, product_code="Set-up", kind="one_off")])
    await world.connect()
    await world.halo({7: "Contoso"}, licences)
    await browser.sign_in()
    return await browser.open(path)


async def links(world: "World") -> dict[str, str]:
    return {row["product_code"]: row["licence_name"] for row in await world.pool.fetch("SELECT * FROM product_link")}


def row(page: "Page", code: str) -> str:
    """What a reader sees of a product."""
    (found,) = [tr for tr in page.soup.select("tbody tr") if tr.select(".row-name")[0].get_text() == code]
    return " ".join(found.get_text(" ").split())


async def test_products_and_their_licence_names(world: "World", browser: "Browser") -> None:
    page = await prepared(world, browser)
    assert page.title == "License"
    assert page.texts("tbody .row-name") == ["=X", "AV/1", "MS-365-BP"]
    assert "Will be created as AV/1" in row(page, "AV/1")
    assert "AV 1 Antivirus" in row(page, "AV/1")  # suggested
    assert "Same name ms-365-bp" in row(page, "MS-365-BP")
    assert page.texts(".filter-links a") == ["All 3", "Not in Halo 2", "Same name 1", "Linked 0"]
    assert [option["value"] for option in page.soup.select("datalist option")] == sorted(LICENCES, key=str.casefold)
    assert page.texts(".filters label") == ["Product or licence name"]
    assert (await browser.open(f"{HERE}?show=name&q=ms")).texts("tbody .row-name") == ["MS-365-BP"]


async def test_linking_to_a_name_and_back(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    page = await browser.submit(f"{HERE}/link", product_code="AV/1", licence_name=" Backup ")
    assert '"AV/1" is linked to the licence name "Backup".' in page.text
    assert "Press Sync" in page.text
    assert "Linked Backup" in row(page, "AV/1")
    assert await links(world) == {"AV/1": "Backup"}
    page = await browser.submit(f"{HERE}/unlink", product_code="AV/1")
    assert "The link is removed" in page.text
    assert await links(world) == {}
    acts = await world.pool.fetch("SELECT act FROM audit_entry WHERE partner_id = $1 ORDER BY audit_id", ACME)
    assert [each["act"] for each in acts][-2:] == ["product.linked", "product.linked"]


@pytest.mark.parametrize("mark", ["\u202a", "\u2067"])
async def test_a_name_that_turns_the_direction_is_sent_back_as_it_is(
    world: "World", browser: "Browser", mark: str
) -> None:
    name = f"Foo{mark}"
    page = await prepared(world, browser, licences=[name])
    assert [option["value"] for option in page.soup.select("datalist option")] == [name]
    await browser.submit(f"{HERE}/link", product_code="AV/1", licence_name=name)
    assert await links(world) == {"AV/1": name}
    page = await browser.submit(f"{HERE}/unlink", product_code="AV/1")
    assert "The link is removed" in page.text
    assert await links(world) == {}


async def test_a_stale_page_does_not_undo_what_somebody_decided(world: "World", browser: "Browser") -> None:
    stale = await prepared(world, browser)
    await browser.submit(f"{HERE}/link", product_code="AV/1", licence_name="Backup")
    browser.page = stale
    page = await browser.submit(f"{HERE}/link", product_code="AV/1", licence_name="Other")
    assert 'Now it is linked to "Backup".' in page.text
    csrf = page.soup.select("input[name=csrf]")[0]["value"]
    answer = await browser.client.post(f"{HERE}/unlink", data={"csrf": csrf, "product_code": "AV/1"})
    assert answer.status_code == 400
    assert await links(world) == {"AV/1": "Backup"}


async def test_a_new_name_is_told(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    page = await browser.submit(f"{HERE}/link", product_code="AV/1", licence_name="Brand new")
    assert "the next sync creates licences with it" in page.text
    assert "No licence in Halo has this name yet" in row(page, "AV/1")


async def test_a_name_that_another_product_has_is_told_before_and_after(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    answer = await browser.client.get(f"{HERE}/names.json", params={"product_code": "AV/1", "q": "MS"})
    item = answer.json()["items"][0]
    assert item["name"] == "ms-365-bp"
    assert item["hint"].startswith("Already used by MS-365-BP.")
    page = await browser.submit(f"{HERE}/link", product_code="AV/1", licence_name="ms-365-bp")
    assert "Already used by MS-365-BP." in page.text
    assert "Also used by AV/1" in row(page, "MS-365-BP")


async def test_what_cannot_be_linked_is_explained(world: "World", browser: "Browser") -> None:
    page = await prepared(world, browser)
    csrf = page.soup.select("input[name=csrf]")[0]["value"]
    for fields, words in (
        ({"product_code": "AV/1", "licence_name": " "}, "Enter the licence name"),
        ({"product_code": "AV/1", "licence_name": "a\0"}, "Enter the licence name"),
        ({"product_code": "AV/1", "licence_name": "x" * 501}, "Enter the licence name"),
        ({"product_code": "Set-up", "licence_name": "x"}, "no longer in the invoice"),
    ):
        response = await browser.client.post(f"{HERE}/link", data={"csrf": csrf, "before": "", **fields})
        assert words in browser._shown(response, 200).text
    assert await links(world) == {}


async def test_accepting_in_bulk(world: "World", browser: "Browser") -> None:
    page = await prepared(world, browser)
    csrf = page.soup.select("input[name=csrf]")[0]["value"]
    ticked = [str(box["value"]) for box in page.soup.select("input[name=pair]")][:1]
    assert ticked == ["AV%2F1:AV%201%20Antivirus"]
    response = await browser.client.post(f"{HERE}/accept", data={"csrf": csrf, "pair": [*ticked, "MS-365-BP:Backup"]})
    page = browser._shown(response, 200)
    assert "1 product linked" in page.text
    assert '"MS-365-BP" was not changed, because somebody else changed it' in page.text
    assert await links(world) == {"AV/1": "AV 1 Antivirus"}
    for ticked, status in (([], 200), (["rubbish"], 400), (["\0:x"], 400), (["a:%00"], 400)):
        response = await browser.client.post(f"{HERE}/accept", data={"csrf": csrf, "pair": ticked})
        assert response.status_code == status


async def test_files_out_and_in(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    response = await browser.client.get(f"{HERE}/licences.csv")
    assert response.content.decode("utf-8-sig").splitlines() == [
        "product_code,product_name,licence_name,matched_by",
        "'=X,<b>Odd</b>,,",
        "AV/1,Antivirus,,",
        "MS-365-BP,Microsoft 365,ms-365-bp,name",
    ]
    page = await upload(browser, response.content)
    assert "The file changes nothing" in page.text
    page = await upload(browser, b"product_code,licence_name\n'=X,Backup\nMS-365-BP,Other\n")
    assert "2 products would be changed" in page.text
    assert page.texts("tbody td") == [
        "same name as the code",
        "Backup (linked)",
        "ms-365-bp (same name)",
        "Other (linked)",
    ]
    assert await links(world) == {}
    page = await browser.submit(f"{HERE}/import/apply")
    assert "2 products changed" in page.text
    assert await links(world) == {"=X": "Backup", "MS-365-BP": "Other"}


async def test_a_file_that_no_longer_holds_or_is_wrong_changes_nothing(world: "World", browser: "Browser") -> None:
    await prepared(world, browser)
    page = await upload(browser, b"product_code,licence_name\nZ,x\n", status=422)
    assert "Line 2, column product_code: there is no product" in page.text
    await upload(browser, b"product_code,licence_name\nAV/1,Backup\n=X,Backup\n")
    await world.pool.execute("INSERT INTO product_link VALUES ($1, 'AV/1', 'Other')", ACME)
    page = await browser.submit(f"{HERE}/import/apply", status=409)
    assert "No change was made" in page.text
    assert await links(world) == {"AV/1": "Other"}


async def upload(browser: "Browser", content: bytes, status: int = 200) -> "Page":
    page = await browser.open(f"{HERE}/import")
    csrf = page.one(f'form[action="{HERE}/import"] input[name=csrf]')["value"]
    response = await browser.client.post(f"{HERE}/import", data={"csrf": csrf}, files={"file": ("x.csv", content)})
    return browser._shown(response, status)


async def test_empty_states_and_reading_again(world: "World", browser: "Browser") -> None:
    await world.connect()
    await browser.sign_in()
    assert "No products yet" in (await browser.open(HERE)).text
    await world.invoice(lines=[world.line(1)])
    page = await browser.open(HERE)
    assert "Not known yet" in page.text
    page = await browser.submit(f"/portal/{ACME}/halo-psa/read", tab="licences")
    assert (page.title, "Halo is being read" in page.text) == ("License", True)


async def test_another_partners_pages_do_not_exist(world: "World", browser: "Browser") -> None:
    page = await prepared(world, browser)
    csrf = page.soup.select("input[name=csrf]")[0]["value"]
    for path in ("licences", "licences/names.json", "licences/licences.csv", "licences/import"):
        assert (await browser.client.get(f"/portal/{RIVAL}/{path}")).status_code == 404
    for path in ("link", "unlink", "accept", "import", "import/apply"):
        answer = await browser.client.post(f"/portal/{RIVAL}/licences/{path}", data={"csrf": csrf})
        assert answer.status_code == 404
        assert (await browser.client.post(f"{HERE}/{path}", data={})).status_code in {403, 415}
    assert await links(world) == {}
