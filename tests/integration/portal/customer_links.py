"""A partner whose customers are to be linked, and what a test sees of that."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser, Page

ACME, RIVAL = "acme-msp", "rival-msp"
HERE = f"/portal/{ACME}/customers"
CLIENTS = {1: "contoso  & SØNS", 2: "Fabrikam", 3: "fabrikam", 4: "Northwind Traders", 5: "<script>alert(1)</script>"}
NAMES = {"C-1": "Contoso & Søns", "C-2": "Fabrikam", "C-3": "Northwind", "C/4": "Nobody", "=C": "<b>Formula</b>"}


async def prepared(world: "World", browser: "Browser", path: str = HERE) -> "Page":
    lines = [
        world.line(number, customer_id=customer_id, customer_name=name)
        for number, (customer_id, name) in enumerate(NAMES.items(), 1)
    ]
    await world.invoice(lines=lines)
    await world.connect()
    await world.halo(CLIENTS)
    await browser.sign_in()
    return await browser.open(path)


async def links(world: "World") -> dict[str, tuple[int | None, bool]]:
    rows = await world.pool.fetch("SELECT customer_id, halo_client_id, excluded FROM customer_link")
    return {row["customer_id"]: (row["halo_client_id"], row["excluded"]) for row in rows}


def row(page: "Page", customer_id: str) -> str:
    """What a reader sees of a customer."""
    found = [tr for tr in page.soup.select("tbody tr") if tr.select(".row-name")[0].get_text() == NAMES[customer_id]]
    assert len(found) == 1, page.text
    return " ".join(found[0].get_text(" ").split())


async def upload(browser: "Browser", content: str | bytes, status: int = 200) -> "Page":
    page = await browser.open(f"{HERE}/import")
    csrf = page.one(f'form[action="{HERE}/import"] input[name=csrf]')["value"]
    file = content.encode() if isinstance(content, str) else content
    response = await browser.client.post(f"{HERE}/import", data={"csrf": csrf}, files={"file": ("x.csv", file)})
    return browser._shown(response, status)


def pairs(page: "Page", customer_id: str) -> list[str]:
    (tr,) = [tr for tr in page.soup.select("tbody tr") if tr.select(".row-name")[0].get_text() == NAMES[customer_id]]
    return [str(box["value"]) for box in tr.select("input[name=pair]")]


async def accept(browser: "Browser", ticked: list[str], status: int = 200) -> "Page":
    assert browser.page is not None
    csrf = browser.page.soup.select("main input[name=csrf]")[0]["value"]
    return browser._shown(
        await browser.client.post(f"{HERE}/accept", data={"csrf": csrf, "back": "", "pair": ticked}), status
    )
