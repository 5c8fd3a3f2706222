"""Customers and products: what they match, what is suggested, and links by hand."""

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

import pytest
from devstack.fields import Fields
from halosync.contracts.run import HaloRefreshRequested
from halosync.store.reads import ReadStore

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

CLIENTS = {1: "contoso  & SØNS", 2: "Fabrikam", 3: "fabrikam", 4: "Northwind Traders"}


async def prepared(world: "World") -> None:
    names = {"C-1": "Contoso & Søns", "C-2": "Fabrikam", "C-3": "Northwind", "C/4": "Nobody"}
    lines = [
        world.line(number, customer_id=customer_id, customer_name=name, product_code=code)
        for number, ((customer_id, name), code) in enumerate(
            zip(names.items(), ["MS-365-BP", "MS-365-BP", "AV/1", "=X"], strict=True), 1
        )
    ]
    await world.invoice(lines=[*lines, world.line(9, product_code="Set-up", kind="one_off")])
    await world.halo(CLIENTS, ["ms-365-bp", "Antivirus 1", "Antivirus 1"])


async def customers(world: "World", **params: str) -> Fields:
    return {item["customer_id"]: item for item in (await world.get("/customers", params=params))["items"]}


async def put(world: "World", path: str, **body: str | int | None) -> Any:
    response = await world.call("PUT", path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_customers_match_as_a_run_would_match_them(world: "World") -> None:
    await prepared(world)
    shown = await customers(world)
    assert list(shown) == ["C-1", "C-2", "C/4", "C-3"]  # by name
    assert {
        key: (one["halo_client_id"], one["halo_client_name"], one["matched_by"], one["problem"])
        for key, one in shown.items()
    } == {
        "C-1": (1, CLIENTS[1], "name", None),
        "C-2": (None, None, None, "customer_ambiguous"),
        "C-3": (None, None, None, "customer_not_found"),
        "C/4": (None, None, None, "customer_not_found"),
    }
    assert shown["C-1"]["suggestions"] == []
    assert shown["C-3"]["suggestions"][0]["id"] == 4
    assert {one["id"] for one in shown["C-2"]["suggestions"][:2]} == {2, 3}
    assert "Customers tab" in shown["C-2"]["detail"]
    assert set(await customers(world, unmapped="true")) == {"C-2", "C-3", "C/4"}
    assert [item["customer_id"] for item in await world.pages("/customers", 1)] == list(shown)
    assert [item["customer_id"] for item in await world.pages("/customers", 2, unmapped="true")] == [
        "C-2",
        "C/4",
        "C-3",
    ]


async def test_linking_excluding_and_unlinking_a_customer(world: "World") -> None:
    await prepared(world)
    linked = await put(world, f"/customers/{quote('C/4', safe='')}", halo_client_id=4)
    assert (linked["customer_id"], linked["halo_client_name"], linked["matched_by"]) == ("C/4", CLIENTS[4], "link")
    excluded = await put(world, "/customers/C-3", halo_client_id=None, excluded=True)
    assert (excluded["excluded"], excluded["problem"], excluded["matched_by"]) == (True, None, None)
    assert set(await customers(world, unmapped="true")) == {"C-2"}
    again = await put(world, "/customers/C-3", halo_client_id=None)
    assert (again["excluded"], again["problem"]) == (False, "customer_not_found")
    assert await world.pool.fetchval("SELECT array_agg(customer_id) FROM customer_link") == ["C/4"]


async def test_a_link_must_lead_somewhere(world: "World") -> None:
    await prepared(world)
    response = await world.call("PUT", "/customers/C-1", json={"halo_client_id": 99})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["halo_client_id"]
    assert "2026-11-05" in response.json()["detail"]
    for body in ({"halo_client_id": "1"}, {"halo_client_id": True}, {}, {"halo_client_id": 2**63}):
        assert (await world.call("PUT", "/customers/C-1", json=body)).status_code == 422
    assert (await world.call("PUT", "/customers/C-9", json={"halo_client_id": 1})).status_code == 404

    await world.pool.execute("DELETE FROM halo_snapshot")
    response = await world.call("PUT", "/customers/C-1", json={"halo_client_id": 1})
    assert (response.status_code, "not read yet" in response.json()["detail"]) == (422, True)


async def test_a_customer_whose_client_is_gone_can_be_excluded_as_in_the_portal(world: "World") -> None:
    await world.invoice()
    await world.halo({1: "Northwind"})
    await world.pool.execute("INSERT INTO customer_link VALUES ('acme-msp', 'C-1', 99, false)")
    excluded = await put(world, "/customers/C-1", halo_client_id=99, excluded=True)
    assert (excluded["halo_client_id"], excluded["excluded"]) == (99, True)


async def test_a_stored_link_is_shown_also_when_its_customer_or_client_is_gone(world: "World") -> None:
    await prepared(world)
    await put(world, "/customers/C-3", halo_client_id=4)
    await world.pool.execute("INSERT INTO customer_link VALUES ('acme-msp', 'C-old', 1, false)")
    await world.pool.execute("DELETE FROM halo_client WHERE halo_client_id = 4")
    shown = await customers(world)
    assert (shown["C-old"]["customer_name"], shown["C-old"]["halo_client_id"]) == (None, 1)
    assert (shown["C-3"]["halo_client_id"], shown["C-3"]["problem"]) == (4, "customer_not_found")
    assert "C-3" in await customers(world, unmapped="true")
    removed = await put(world, "/customers/C-old", halo_client_id=None)
    assert (removed["customer_id"], removed["halo_client_id"]) == ("C-old", None)


async def test_before_the_first_read_nothing_is_called_a_problem(world: "World") -> None:
    await world.invoice(lines=[world.line(1)])
    page = await world.get("/customers")
    assert page["read_at"] is None
    assert [(one["problem"], one["suggestions"]) for one in page["items"]] == [(None, [])]
    assert (await world.get("/halo/clients")) == {"items": [], "next_cursor": None, "read_at": None}


async def test_a_read_of_another_tenant_says_nothing(world: "World") -> None:
    await prepared(world)
    await world.connect()
    assert (await world.get("/customers"))["read_at"] is not None
    await world.pool.execute("UPDATE connection SET tenant = 'other'")
    assert (await world.get("/customers"))["read_at"] is None
    assert (await world.get("/halo/licence-names"))["items"] == []


async def test_products(world: "World") -> None:
    await prepared(world)
    page = await world.get("/products")
    shown = {item["product_code"]: item for item in page["items"]}
    assert {code: (one["licence_name"], one["matched_by"]) for code, one in shown.items()} == {
        "=X": (None, None),
        "AV/1": (None, None),
        "MS-365-BP": ("ms-365-bp", "name"),
    }
    assert [item["product_code"] for item in await world.pages("/products", 1, unmapped="true")] == ["=X", "AV/1"]

    linked = await put(world, f"/products/{quote('AV/1', safe='')}", licence_name=" Antivirus 1 ")
    assert (linked["licence_name"], linked["matched_by"]) == ("Antivirus 1", "link")
    assert (await world.call("PUT", "/products/Set-up", json={"licence_name": "x"})).status_code == 404
    for body in ({"licence_name": ""}, {"licence_name": "a\u0000"}, {}, {"licence_name": 1}):
        assert (await world.call("PUT", "/products/=X", json=body)).status_code == 422
    unlinked = await put(world, f"/products/{quote('AV/1', safe='')}", licence_name=None)
    assert unlinked["matched_by"] is None


async def test_what_was_read_from_halo(world: "World") -> None:
    await prepared(world)
    clients = await world.pages("/halo/clients", 1)
    assert sorted(one["id"] for one in clients) == [1, 2, 3, 4]
    assert {one["name"] for one in await world.pages("/halo/clients", 2, q="FABRI")} == {"Fabrikam", "fabrikam"}
    names = await world.pages("/halo/licence-names", 1)
    assert {one["name"]: one["licences"] for one in names} == {"Antivirus 1": 2, "ms-365-bp": 1}


async def test_reading_halo_again(world: "World") -> None:
    refused = await world.call("POST", "/halo/refresh")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_connected")
    await world.connect()
    response = await world.call("POST", "/halo/refresh")
    assert response.status_code == 202
    body = await world.pool.fetchval("SELECT body FROM outbox WHERE routing_key = 'halo.refresh.requested.v1'")
    request = HaloRefreshRequested.model_validate_json(body)
    assert (request.partner_id, str(request.read_id)) == ("acme-msp", response.json()["read_id"])


async def test_a_partner_has_one_open_refresh(world: "World") -> None:
    await world.connect()
    answers = await asyncio.gather(*(world.call("POST", "/halo/refresh") for _ in range(5)))  # no more at once
    assert {answer.status_code for answer in answers} == {202}
    [read_id] = {answer.json()["read_id"] for answer in answers}
    orders = "SELECT count(*) FROM outbox WHERE routing_key = 'halo.refresh.requested.v1'"
    assert await world.pool.fetchval(orders) == 1
    await ReadStore(world.pool).forget(UUID(read_id))  # as a planner does at its end
    assert (await world.call("POST", "/halo/refresh")).json()["read_id"] != read_id
    assert await world.pool.fetchval(orders) == 2
    await world.pool.execute("UPDATE halo_refresh SET alive_at = now() - interval '16 minutes'")  # its message is lost
    await world.call("POST", "/halo/refresh")
    assert await world.pool.fetchval(orders) == 3


async def test_customers_of_superseded_and_of_older_invoices_are_not_shown(world: "World") -> None:
    newer = await world.invoice(lines=[world.line(1, customer_id="new")], revision=2)
    await world.invoice(lines=[world.line(1, customer_id="old")], superseded_by=newer)
    await world.invoice(
        "INV-0", [world.line(1, customer_id="october")], period="2026-10", issued_at=world.issued.replace(month=10)
    )
    assert set(await customers(world)) == {"new"}


async def test_a_licence_is_kept_until_it_is_let_go(world: "World") -> None:
    await prepared(world)
    listed = (await world.get("/halo/licences"))["items"]
    assert [(one["name"], one["keep"]) for one in listed][:2] == [("ms-365-bp", False), ("Antivirus 1", False)]
    number = listed[1]["halo_licence_id"]
    for _ in range(2):
        assert (await put(world, f"/halo/licences/{number}", keep=True))["keep"] is True
    assert [
        one["halo_licence_id"] for one in (await world.get("/halo/licences", params={"kept": "true"}))["items"]
    ] == [number]
    assert [one["halo_licence_id"] for one in await world.pages("/halo/licences", 1)] == [
        one["halo_licence_id"] for one in listed
    ]
    assert (await put(world, f"/halo/licences/{number}", keep=False))["keep"] is False
    assert (await world.get("/halo/licences", params={"kept": "true"}))["items"] == []


@pytest.mark.parametrize("body", [{}, {"keep": "yes"}, {"keep": True, "more": 1}, {"keep": None}])
async def test_what_is_not_a_wish_to_keep_is_refused(world: "World", body: dict[str, object]) -> None:
    await prepared(world)
    assert (await world.call("PUT", "/halo/licences/1", json=body)).status_code == 422


async def test_a_licence_that_was_not_read_cannot_be_kept(world: "World") -> None:
    await prepared(world)
    assert (await world.call("PUT", "/halo/licences/987654", json={"keep": True})).status_code == 404


NAMES = ("Site 10", "site 9", "Site 2", "Site 02", "Annex", "Zoo", "Site 2")
"""Two are called alike."""
NATURAL = ["Annex", "Site 02", "Site 2", "Site 2", "site 9", "Site 10", "Zoo"]


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_lists_by_name_are_in_natural_order_and_no_page_repeats_or_leaves_out(world: "World", size: int) -> None:
    lines = [
        world.line(n, customer_id=f"C-{n}", customer_name=name, product_code=code)
        for n, (name, code) in enumerate(zip(NAMES, ("P-10", "P-9", "p-2", "P-02", "A", "Z", "P-2"), strict=True), 1)
    ]
    await world.invoice(lines=lines)
    await world.halo(dict(enumerate(NAMES, 1)), NAMES)
    of_customers = await world.pages("/customers", size)
    # Spelt otherwise and worth the same, they stand by their ids.
    assert [item["customer_name"] for item in of_customers] == ["Annex", "Site 2", "Site 02", "Site 2", *NATURAL[4:]]
    products = [item["product_code"] for item in await world.pages("/products", size)]
    assert products == ["A", "P-02", "P-2", "p-2", "P-9", "P-10", "Z"]
    clients = await world.pages("/halo/clients", size)
    assert [client["name"] for client in clients] == NATURAL
    assert [client["id"] for client in clients if client["name"] == "Site 2"] == [3, 7]
    assert [name["name"] for name in await world.pages("/halo/licence-names", size)] == list(dict.fromkeys(NATURAL))
