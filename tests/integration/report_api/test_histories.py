"""Why a number is so: from the lines to the licence, oldest first, until now."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.plan import CustomerLink

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

SHAPE = ("12", "31.50", "Monthly", True)
OTHER = ("14", "31.50", "Monthly", True)


async def test_a_licence_tells_every_step_until_now(world: "World") -> None:
    await world.halo({7: "Contoso Pty"}, ["P-1", "P-2"])
    first = await world.invoice(lines=[world.line(1, product_code="P"), world.line(2, product_code="P")])
    long_ago = datetime.now(UTC) - timedelta(days=31)
    created = world.item(
        action="create", outcome="synced", product_code="P", after=SHAPE, halo_licence_id=1, line_nos=[1, 2]
    )
    await world.finish(await world.run(first, [created], created_at=long_ago, requested_by="Ada"))
    assert await world.ports.customer_links.replace("acme-msp", "C-1", CustomerLink(7), by=COMMAND_LINE)
    later = await world.invoice(revision=2, lines=[world.line(1, product_code="P", quantity=Decimal(14))])
    updated = world.item(
        action="update",
        outcome="synced",
        product_code="P",
        before=SHAPE,
        after=OTHER,
        halo_licence_id=1,
        line_nos=[1],
    )
    run_id = await world.run(later, [updated], approve_removals=3, requested_by="Bob", price_field="price")
    await world.finish(run_id)
    await world.finish(await world.run(later, [{**updated, "action": "unchanged"}]))

    history = await world.get("/halo/licences/1/history")
    assert [(step["action"], step["requested_by"], step["revision"]) for step in history["items"]] == [
        ("create", "Ada", 1),
        ("update", "Bob", 2),
    ]
    first_step, second = history["items"]
    assert [(line["line_id"], line["quantity"]) for line in first_step["lines"]] == [("1", "12"), ("2", "12")]
    assert first_step["customer_link"] is None
    assert second["customer_link"] == {"halo_client_id": 7, "client_name": "Contoso Pty", "excluded": False}
    assert (second["before"]["quantity"], second["after"]["quantity"]) == ("12", "14")
    assert (second["approve_removals"], second["removal"], second["price_field"]) == (3, "delete", "price")
    assert history["now"]["name"] == "P-2"

    of_line = await world.get("/invoices/INV-1/lines/1/history")
    assert [step["action"] for step in of_line["items"]] == ["create", "update", "unchanged"]
    assert of_line["now"]["halo_licence_id"] == 1


async def test_what_nobody_knows_is_not_found_and_an_untouched_licence_has_no_steps(world: "World") -> None:
    await world.halo({7: "Contoso"}, ["P"])
    assert (await world.get("/halo/licences/0/history"))["items"] == []
    assert (await world.call("GET", "/halo/licences/99/history")).status_code == 404
    await world.invoice(lines=[world.line(1)])
    assert await world.get("/invoices/INV-1/lines/1/history") == {"items": [], "now": None}
    assert (await world.call("GET", "/invoices/INV-1/lines/99/history")).status_code == 404


@pytest.mark.parametrize("line_id", ["a/b", "/", "é%25", "a?b#c", "history", "1/history"])
async def test_a_line_of_any_name_has_a_history(world: "World", line_id: str) -> None:
    invoice = await world.invoice("a/b", lines=[world.line(1, line_id=line_id)])
    item = world.item(action="create", outcome="synced", after=SHAPE, halo_licence_id=1, line_nos=[1])
    await world.finish(await world.run(invoice, [item]))
    history = await world.get(f"/invoices/a%2Fb/lines/{quote(line_id, safe='')}/history")
    assert [step["action"] for step in history["items"]] == ["create"]
