"""Texts that want to be more than text: markup in names on every page, formulas in every file."""

import csv
import io
import re
from typing import TYPE_CHECKING

import pytest

from tests.integration.portal.attack import (
    ACME,
    ADDRESSES,
    HOSTILE,
    SHOWN,
    Address,
    belongings,
    live_markup,
    turned_behind,
)

if TYPE_CHECKING:
    import httpx

    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

LISTS = [address for address in ADDRESSES if address.method == "GET" and "{partner}" in address.template]
FORMULAS = ["=cmd|' /C calc'!A0", "+1+1", "-1+1|x", "@SUM(A1)", "\t=1+1", "\r=1+1", "＝1+1"]
# As a spreadsheet sees it, also one that takes semicolons or tabs for the ends of cells.
_RUNS = re.compile(r"(^|[;\t])\s*[=+\-@\t\r＝＋－＠]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


async def test_a_name_stays_a_name(browser: "Browser", world: "World") -> None:
    ids = await belongings(world, ACME, text=HOSTILE)
    world.ports.closing.set()  # live events end at once
    await world.pool.execute(
        "UPDATE connection SET tenant = $1, client_id = $1, granted_scopes = ARRAY[$1], problem = $1, state = 'broken'",
        HOSTILE,
    )
    assert (await world.call("POST", "/keys", json={"name": HOSTILE})).status_code == 422  # not every character is seen
    created = await world.call("POST", "/keys", json={"name": HOSTILE.replace("\N{RIGHT-TO-LEFT OVERRIDE}", "")})
    world.keys[ACME] = created.json()["api_key"]
    await browser.sign_in()
    named = f"?q={HOSTILE}&problem={HOSTILE}&next={HOSTILE}&customer_id={HOSTILE}&outcome={HOSTILE}"
    for address in SHOWN:
        for query in ("", named):
            response = await browser.client.get(f"{address.filled(ids)}{query}")
            assert response.status_code < 500, address
            if response.headers.get("content-type", "").startswith("text/html"):
                assert live_markup(response) == [], address
                # Escaped wherever it is, also in comments and attributes; and no template ran it.
                assert "<img src=x" not in response.text, address
                assert "<script>window" not in response.text, address
                assert turned_behind(response) == [], address
                assert "{{ 7*7 }}" in response.text or "7*7" not in response.text, address


async def test_the_name_is_shown_at_all(browser: "Browser", world: "World") -> None:
    """Otherwise the test above would be content with pages that show nothing."""
    await belongings(world, ACME, text=HOSTILE)
    page = await browser.sign_in()
    assert HOSTILE in page.soup.get_text()


def cells_that_run(text: str) -> list[str]:
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    return [cell for cell in cells if _RUNS.search(cell) and not _NUMBER.fullmatch(cell)]


async def fetched(world: "World", browser: "Browser", address: Address, ids: dict[str, str]) -> "httpx.Response":
    path, accept = address.filled(ids), {"Accept": "text/csv"}
    if address.template.startswith("/v1/"):
        return await world.client.get(path, headers={**accept, **world.key()})
    return await browser.client.get(path, headers=accept)


@pytest.mark.parametrize("formula", [*FORMULAS, "Contoso;=1+1", "Contoso\t=1+1"])
async def test_no_file_holds_a_formula(browser: "Browser", world: "World", formula: str) -> None:
    """Every address is asked for CSV; those that answer with it are looked at."""
    ids = await belongings(world, ACME, text=formula)
    world.ports.closing.set()
    await browser.sign_in()
    files = {}
    for address in LISTS:
        answer = await fetched(world, browser, address, ids)
        if answer.headers.get("content-type", "").startswith("text/csv"):
            files[str(address)] = answer
    assert len(files) >= 3, files.keys()
    for name, answer in files.items():
        assert cells_that_run(answer.text) == [], name
        assert answer.headers["content-disposition"].startswith("attachment; filename="), name
        assert answer.headers["x-content-type-options"] == "nosniff", name
