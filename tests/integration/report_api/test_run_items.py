"""The items of a run: before and after, filtered, searched and paged."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import World
from .run_answers import MONTHLY

pytestmark = pytest.mark.integration


async def test_an_item_shows_the_licence_before_and_after(world: "World") -> None:
    made = [
        world.item(None, (12, "0.0000001", MONTHLY, True), line_nos=[1]),
        world.item((None, None, None, False), None, product_code=None, customer_ids=[], action="delete"),
    ]
    run_id = await world.run(await world.invoice(), made)
    first, second = (await world.get(f"/runs/{run_id}/items"))["items"]
    assert first["before"] is None
    assert first["after"] == {"quantity": "12", "price": "0.0000001", "billing_cycle": MONTHLY, "active": True}
    assert second["before"] == {"quantity": None, "price": None, "billing_cycle": None, "active": False}
    assert second["after"] is None
    fields = "item_id customer_ids customer_name halo_client_id product_code licence_name halo_licence_id action "
    fields += "outcome reason detail before after attempts item_key drift restores_licence_id undone"
    assert set(first) == set(fields.split())


async def test_items_are_filtered_and_searched(world: "World") -> None:
    made = [
        world.item(customer_name="Søns", outcome="failed", reason="halo_rejected", detail="Too long"),
        world.item(customer_ids=["C-2", "C-3"], product_code="100%", action="update"),
        world.item(licence_name="a_b", outcome="held", action="delete"),
    ]
    run_id = await world.run(await world.invoice(), made)

    async def found(**params: str) -> list[int]:
        items = (await world.get(f"/runs/{run_id}/items", params=params))["items"]
        return [item["item_id"] - first for item in items]

    first = (await world.get(f"/runs/{run_id}/items"))["items"][0]["item_id"]
    assert await found(outcome="failed") == [0]
    assert await found(action="delete") == [2]
    assert await found(action="delete", outcome="failed") == []
    for q, expected in {"SØNS": [0], "too LONG": [0], "c-3": [1], "%": [1], "a_b": [2], "rejected": [0]}.items():
        assert await found(q=q) == expected, q


async def test_items_are_paged_in_the_order_of_the_plan(world: "World") -> None:
    run_id = await world.run(await world.invoice(), [world.item(product_code=f"P-{n}") for n in range(23)])
    codes = [item["product_code"] for item in await world.pages(f"/runs/{run_id}/items", 5)]
    assert codes == [f"P-{n}" for n in range(23)]


async def test_a_cursor_of_one_list_is_no_cursor_of_another(world: "World") -> None:
    invoice_pk = await world.invoice(lines=[world.line(1), world.line(2)])
    await world.run(invoice_pk, [world.item(), world.item()])
    cursor = (await world.get("/invoices/INV-1/lines", params={"limit": 1}))["next_cursor"]
    run_id = (await world.get("/runs"))["items"][0]["run_id"]
    response = await world.call("GET", f"/runs/{run_id}/items", params={"cursor": cursor})
    assert response.status_code == 422
