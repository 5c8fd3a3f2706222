"""All partners at a glance: for operators' keys alone, with what is missing."""

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from devstack.fields import Fields
from halosync.store.queries import QUERIES

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration


async def listed(world: "World", path: str, **params: str) -> list[Fields]:
    answer = await world.client.get(f"/v1{path}", headers=world.key(None), params=params)
    assert answer.status_code == 200, answer.text
    items: list[Fields] = answer.json()["items"]
    return items


@pytest.mark.parametrize("path", ["/partners", "/readiness"])
async def test_only_operators_see_all_partners(world: "World", path: str) -> None:
    assert (await world.client.get(f"/v1{path}")).status_code == 401
    assert (await world.client.get(f"/v1{path}", headers=world.key("acme-msp"))).status_code == 404
    assert [each["partner_id"] for each in await listed(world, path)] == ["acme-msp", "rival-msp"]
    page = (await world.client.get(f"/v1{path}", headers=world.key(None), params={"limit": 1})).json()
    rest = await listed(world, path, cursor=page["next_cursor"])
    assert [each["partner_id"] for each in rest] == ["rival-msp"]


async def test_what_is_missing_is_told_by_code(world: "World") -> None:
    await world.connect()
    await world.pool.execute("UPDATE partner SET review_first_sync = true WHERE partner_id = 'acme-msp'")
    stranger = {"customer_id": "C-2", "customer_name": "Stranger"}
    invoice_pk = await world.invoice(
        lines=[world.line(1), world.line(2, **stranger), world.line(3, **stranger, kind="usage")]
    )
    items = [
        world.item(outcome="synced", line_nos=[1]),
        world.item(
            outcome="skipped", action="none", reason="customer_not_found", customer_ids=["C-2"], line_nos=[2, 3]
        ),
    ]
    run_id = await world.run(invoice_pk, items)
    await world.finish(run_id)
    acme, rival = await listed(world, "/readiness", period="2026-11")
    assert acme["missing"] == ["first_review", "unmatched_customers"]
    assert (acme["connected"], acme["review_done"], acme["ready"]) == (True, False, False)
    assert (acme["unmatched_customers"], acme["unmatched_amount"], acme["currency"]) == (1, "378.00", "AUD")
    assert (acme["last_run"]["run_id"], acme["last_run"]["state"]) == (str(run_id), "succeeded")
    assert rival["missing"][0] == "not_connected"
    assert rival["last_run"] is None

    await world.halo({7: "Contoso"})
    await world.pool.execute("UPDATE halo_snapshot SET reviewed_at = now()")
    await world.finish(await world.run(invoice_pk, [world.item(outcome="synced", line_nos=[1, 2])]))
    acme, _ = await listed(world, "/readiness")
    assert (acme["ready"], acme["missing"]) == (True, [])

    done = acme["last_run"]["run_id"]
    number = await world.pool.fetchval("SELECT item_id FROM item WHERE run_id = $1", UUID(done))
    for missing in (["undone"], []):  # an undo, and the undo of that: then it is in Halo again
        back = [world.item(outcome="synced", undoes_item_id=number)]
        undo = await world.run(invoice_pk, back, mode="undo", undoes=UUID(done))
        await world.finish(undo)
        acme, _ = await listed(world, "/readiness")
        assert (acme["ready"], acme["missing"]) == (not missing, missing)
        done = str(undo)
        number = await world.pool.fetchval("SELECT item_id FROM item WHERE run_id = $1", undo)


async def test_the_list_of_partners_shows_what_needs_somebody(world: "World") -> None:
    await world.connect()
    invoice_pk = await world.invoice(lines=[world.line(1)])
    await world.finish(await world.run(invoice_pk, [world.item(outcome="failed", line_nos=[1])]), "partial")
    acme, rival = await listed(world, "/partners")
    assert (acme["connection"], acme["tenant"], acme["needs_attention"]) == ("connected", "acme", True)
    assert acme["last_invoice"]["invoice_id"] == "INV-1"
    assert acme["last_run"]["failed"] == 1
    assert (rival["connection"], rival["last_invoice"]) == ("disconnected", None)


async def test_the_sums_that_are_kept_are_those_of_the_lines(world: "World") -> None:
    lines = [world.line(number, customer_id=f"C-{number}") for number in range(1, 8)]
    lines += [world.line(8, customer_id="C-7"), world.line(9, customer_id="C-7", kind="usage")]
    invoice_pk = await world.invoice(lines=lines)

    async def not_synchronised() -> str:
        acme, _ = await listed(world, "/partners")
        return str(acme["not_synchronised"])

    assert await not_synchronised() == "3024.00", "eight recurring lines, before there is a run"
    unmatched: Fields = {"outcome": "skipped", "action": "none", "halo_client_id": None}
    licence = (
        "INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, quantity, price, billing_cycle,"
        " is_active) VALUES ('acme-msp', 5, 7, 'a licence', 2, 31.5, 'Monthly', true)"
    )
    await world.pool.execute(licence)
    items = [
        world.item(outcome="synced", line_nos=[1]),
        world.item(outcome="held", reason="first_review", halo_licence_id=5, line_nos=[2]),
        world.item(outcome="failed", reason="halo_rejected", line_nos=[3]),
        world.item(outcome="held", reason="delete_guard", line_nos=[4]),
        world.item(outcome="skipped", action="none", reason="customer_excluded", line_nos=[5]),
        world.item(**unmatched, reason="customer_ambiguous", customer_ids=["C-6"], line_nos=[6]),
        world.item(**unmatched, reason="customer_not_found", customer_ids=["C-7"], line_nos=[7, 8, 9]),
    ]
    columns = sorted({name for item in items for name in item})
    run_id = await world.run(invoice_pk, [{name: item.get(name) for name in columns} for item in items])
    assert await not_synchronised() == "2205.00"
    acme, _ = await listed(world, "/readiness")
    assert (acme["unmatched_customers"], acme["unmatched_amount"]) == (2, "1134.00")
    await world.finish(run_id, "partial")
    assert await not_synchronised() == "2205.00"
    rows = (await world.get("/months/2026-11/items", params={"different": True}))["items"]
    accepted = next(row for row in rows if row["reason"] == "customer_not_found")
    address = f"/months/2026-11/acceptances/{accepted['item_key']}"
    assert (await world.call("PUT", address, json={"note": "Billed by hand."})).status_code == 200
    assert await not_synchronised() == "1449.00"


def test_a_look_at_all_partners_adds_up_no_lines() -> None:
    # Of 300 partners with 2,000 lines each it took a minute, and the statement was ended.
    assert "invoice_line" not in QUERIES.readiness_page.sql
