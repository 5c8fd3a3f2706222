"""A request about links reads the picture of all customers, or products, once: it is the costly part of the request."""

from typing import TYPE_CHECKING

import pytest
from devstack.fields import Fields
from halosync.ports.links import LinkPicture
from halosync.store.links import LinkStore

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

PORTAL = "/portal/acme-msp"


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The partners whose picture was read, one for each read."""
    read, picture = [], LinkStore.picture

    async def counted(self: LinkStore[object, object], partner_id: str) -> LinkPicture[object, object]:
        read.append(partner_id)
        return await picture(self, partner_id)

    monkeypatch.setattr(LinkStore, "picture", counted)
    return read


async def prepared(world: "World") -> None:
    await world.invoice(lines=[world.line(1, customer_id="C-1", customer_name="Nobody", product_code="AV")])
    await world.connect()
    await world.halo({4: "Northwind"}, ["Antivirus"])


async def test_a_form_that_links_one_row_reads_the_picture_once(
    world: "World", browser: "Browser", pictures: list[str]
) -> None:
    await prepared(world)
    await browser.sign_in()
    found = await browser.client.get(f"{PORTAL}/customers/clients.json", params={"customer_id": "C-1", "q": "north"})
    client = found.json()["items"][0]["value"]
    csrf = (await browser.open(f"{PORTAL}/customers")).soup.select("input[name=csrf]")[0]["value"]
    not_linked = {"csrf": csrf, "customer_id": "C-1", "before": "[null,false]"}
    linked = {**not_linked, "before": "[4,false]"}
    product: Fields = {"csrf": csrf, "product_code": "AV", "before": ""}
    for path, fields in (
        ("customers/link", {**not_linked, "halo_client_id": client}),
        ("customers/unlink", linked),
        ("customers/exclude", {**not_linked, "excluded": "yes"}),
        ("customers/accept", {"csrf": csrf, "pair": f"C-1:{client}"}),
        ("licences/link", {**product, "licence_name": "Antivirus"}),
        ("licences/unlink", {**product, "before": "Antivirus"}),
        ("licences/accept", {"csrf": csrf, "pair": "AV:Antivirus"}),
    ):
        pictures.clear()
        answer = await browser.client.post(f"{PORTAL}/{path}", data=fields, follow_redirects=False)
        assert answer.status_code == 303
        assert pictures == ["acme-msp"], path


async def test_a_call_that_links_one_row_reads_the_picture_once(world: "World", pictures: list[str]) -> None:
    await prepared(world)
    for path, body in (
        ("/customers/C-1", {"halo_client_id": 4}),
        ("/customers/C-1", {"halo_client_id": None}),
        ("/products/AV", {"licence_name": "Antivirus"}),
    ):
        pictures.clear()
        assert (await world.call("PUT", path, json=body)).status_code == 200
        assert pictures == ["acme-msp"], path
