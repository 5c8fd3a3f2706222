"""CSV files of the portal open right in the reader's spreadsheet; those of the API are the same for everybody."""

from typing import TYPE_CHECKING

import pytest

from .attack import ACME, OF_PARTNERS, Address, belongings

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

FILES = [address for address in OF_PARTNERS if address.template.endswith(".csv")]
GERMAN = {"Accept-Language": "de-DE,de;q=0.9"}


@pytest.mark.parametrize("address", FILES, ids=str)
async def test_every_file_of_a_page_has_the_signs_of_its_reader(
    address: Address, browser: "Browser", world: "World"
) -> None:
    path = address.filled(await belongings(world, ACME))
    [row] = (await world.get("/months/2026-11/items"))["items"]
    await world.call("PUT", f"/months/2026-11/acceptances/{row['item_key']}", json={"note": "Right."})
    assert (await world.call("POST", "/months/2026-11/close", json={"seen": 1})).status_code == 201
    await browser.sign_in()
    for language, delimiter in ((GERMAN, ";"), ({"Accept-Language": "en-AU"}, ",")):
        answer = await browser.client.get(path, params={"period": "2026-11"}, headers=language)
        assert answer.status_code == 200, answer.text
        head = answer.text.removeprefix("\ufeff").splitlines()[0]
        assert (answer.text[0], len(head.split(delimiter)) > 2) == ("\ufeff", True), head


async def test_a_price_is_a_number_there(browser: "Browser", world: "World") -> None:
    await world.invoice(lines=[world.line(1)])
    await browser.sign_in()
    lines = await browser.client.get("/portal/acme-msp/report/lines.csv?invoice=INV-1", headers=GERMAN)
    assert ";12;31,50;" in lines.text
    asked = await world.call("GET", "/invoices/INV-1/lines", headers={"Accept": "text/csv", **GERMAN})
    assert ",12,31.50," in asked.text
