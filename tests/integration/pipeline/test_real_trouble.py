"""Trouble that partners of such products really have, from the invoice to Halo (spec section 9)."""

import pytest
from devstack.fields import Fields
from halosync.contracts.invoice_checks import InvalidInvoiceError
from halosync.ports.run_start import OlderPeriodError

from .conftest import Pipeline
from .parts import TENANT

pytestmark = pytest.mark.integration

LIST = {"method": "GET", "path": "SoftwareLicence"}


async def reasons(pipeline: Pipeline, run: Fields) -> dict[str | None, tuple[str, str | None]]:
    return {item["product_code"]: (item["outcome"], item["reason"]) for item in await pipeline.items(run["run_id"])}


async def fill(pipeline: Pipeline, *licences: Fields) -> None:
    rows = [{"client_id": 1, "count": 5.0, "price": 10.0, "billing_cycle": "Monthly", **each} for each in licences]
    await pipeline.sandbox.admin.add_licences(TENANT, *rows)


@pytest.mark.parametrize(
    ("habit", "code"), [("trimmed", "R&D-SEAT\u00a0"), ("escaped", "R&D-SEAT"), ("cut", "R&D-SEAT")]
)
async def test_six_products_whose_names_halo_changes_are_six_creates_in_three_syncs(
    pipeline: Pipeline, habit: str, code: str
) -> None:
    await pipeline.sandbox.admin.change_settings(TENANT, kept_names=habit, name_length=len(code) - 1)
    await pipeline.invoice([{"product_code": f"{n}{code}"} for n in range(6)])
    await pipeline.sandbox.admin.add_fault(TENANT, match={"method": "POST"}, drop_after=True)
    assert (await pipeline.sync())["created"] == 6
    for _ in range(2):
        assert (await pipeline.sync())["unchanged"] == 6
    creates = [each for each in await pipeline.sandbox.admin.history(TENANT) if each["effect"] == "create"]
    assert len(creates) == len(await pipeline.sandbox.admin.licences(TENANT)) == 6


@pytest.mark.parametrize(
    "usage",
    [
        {"quantity": "0.0159369774", "unit_price": "26.35"},
        {"unit_price": "1.2799888920023"},
        {"product_name": "Azure\nplan\tNorth"},
        {"customer_id": None, "customer_name": None},
        {"billing_cycle": None},
    ],
    ids=str,
)
async def test_a_usage_line_does_not_stop_the_month(pipeline: Pipeline, usage: dict[str, object]) -> None:
    await pipeline.invoice([{"product_code": "P-1"}, {"product_code": "AZURE", "kind": "usage", **usage}])
    run = await pipeline.sync()
    assert (run["state"], run["created"], run["failed"]) == ("succeeded", 1, 0)
    assert set(await pipeline.licences()) == {(1, "P-1")}


@pytest.mark.parametrize("client", [{"id": 9}, {"id": 9, "name": None}, {"id": 9, "inactive": None}], ids=str)
async def test_a_client_without_a_name_stops_nobody(pipeline: Pipeline, client: dict[str, object]) -> None:
    shown = {"record_count": 2, "clients": [{"id": 1, "name": "Contoso", "inactive": False}, client]}
    await pipeline.sandbox.admin.add_fault(TENANT, match={"path": "Client"}, times=None, status=200, body=shown)
    await pipeline.invoice([{"product_code": "P-1"}])
    assert (await pipeline.sync())["created"] == 1


@pytest.mark.parametrize("odd", [{"id": 7, "name": "X"}, {"id": 7, "client_id": None}, {"id": 7, "deleted": True}])
async def test_a_licence_of_nobody_stops_nobody(pipeline: Pipeline, odd: dict[str, object]) -> None:
    known = {"id": 3, "client_id": 1, "name": "P-1", "count": 1, "price": 10, "billing_cycle": "Monthly"}
    shown = {"record_count": 2, "licences": [{**known, "is_active": True}, odd]}
    await pipeline.sandbox.admin.add_fault(TENANT, match=LIST, times=None, status=200, body=shown)
    await pipeline.invoice([{"product_code": "P-1"}])
    run = await pipeline.sync()
    assert (run["state"], run["unchanged"], run["total"]) == ("succeeded", 1, 1)


async def test_what_is_too_odd_is_named_by_its_id(pipeline: Pipeline) -> None:
    shown = {"record_count": 1, "clients": [{"id": "seven", "name": "Contoso"}]}
    await pipeline.sandbox.admin.add_fault(TENANT, match={"path": "Client"}, times=None, status=200, body=shown)
    await pipeline.invoice([{"product_code": "P-1"}])
    run = await pipeline.sync()
    assert (run["state"], run["error_code"]) == ("failed", "row_unreadable")
    assert "seven" in run["error"]
    assert "KeyError" not in run["error"]


async def test_a_late_correction_of_an_older_month_overwrites_nothing(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE partner SET auto_sync = true")
    await pipeline.invoice([{"quantity": "9"}], invoice_id="NOV", period="2026-11", issued_at="2026-11-05T00:00:00Z")
    await pipeline.deliver_all()
    await pipeline.invoice([{"quantity": "4"}], invoice_id="OCT", period="2026-10", issued_at="2026-11-20T00:00:00Z")
    await pipeline.runs.start_all_wanted()
    await pipeline.deliver_all()
    assert (await pipeline.sync())["unchanged"] == 1
    assert (await pipeline.licences())[1, "P-1"]["count"] == 9
    with pytest.raises(OlderPeriodError):
        await pipeline.start(invoice_id="OCT")


async def test_an_active_client_is_taken_beside_an_inactive_one_of_its_name(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_clients(TENANT, {"id": 5, "name": " CONTOSO", "inactive": True})
    await pipeline.invoice([{"product_code": "P-1"}])
    assert (await pipeline.sync())["created"] == 1
    assert set(await pipeline.licences()) == {(1, "P-1")}


async def test_spellings_of_a_cycle_are_no_conflict_and_rewrite_nothing(pipeline: Pipeline) -> None:
    await fill(pipeline, {"name": "P-1", "count": 3.0, "billing_cycle": "MONTHLY"})
    await pipeline.invoice([{"quantity": "1"}, {"quantity": "2", "billing_cycle": " monthly"}])
    run = await pipeline.sync()
    assert (run["unchanged"], run["total"]) == (1, 1)
    assert await pipeline.sent("POST") == 0


async def test_none_at_the_old_price_and_some_at_the_new_one_are_no_conflict(pipeline: Pipeline) -> None:
    await pipeline.invoice([{"quantity": "0", "unit_price": "9"}, {"quantity": "3", "unit_price": "11"}])
    assert (await pipeline.sync())["created"] == 1
    licence = (await pipeline.licences())[1, "P-1"]
    assert (licence["count"], licence["price"]) == (3, 11.0)


async def test_a_negative_price_is_never_written(pipeline: Pipeline) -> None:
    await fill(pipeline, {"name": "P-1"})
    await pipeline.invoice([{"unit_price": "-2.50"}, {"product_code": "P-2"}])
    run = await pipeline.sync()
    assert await reasons(pipeline, run) == {"P-1": ("failed", "negative_price"), "P-2": ("synced", None)}
    assert (await pipeline.licences())[1, "P-1"]["price"] == 10.0


@pytest.mark.parametrize("seen", ["Con\u200btoso", "Con\u00adtoso", "Contoso\u200d"])
async def test_a_look_alike_is_named_and_no_second_client_is_advised(pipeline: Pipeline, seen: str) -> None:
    await pipeline.sandbox.admin.add_clients(TENANT, {"id": 30, "name": f"{seen} Ltd"})
    await pipeline.invoice([{"customer_name": "Contoso Ltd"}])
    run = await pipeline.sync()
    [item] = await pipeline.items(run["run_id"])
    assert (item["outcome"], item["reason"]) == ("skipped", "customer_not_found")
    assert "#30" in item["detail"]
    assert "link this customer to it" in item["detail"]
    assert await pipeline.sent("POST") == 0


async def test_cleanup_passes_by_what_another_partners_halosync_wrote(pipeline: Pipeline) -> None:
    await fill(pipeline, {"name": "RIVALS"}, {"name": "OLD"})
    rivals = (await pipeline.licences())[1, "RIVALS"]["id"]
    await pipeline.pool.execute("INSERT INTO partner (partner_id, name) VALUES ('rival-msp', 'Rival')")
    await pipeline.pool.execute(
        "INSERT INTO halo_snapshot (partner_id, tenant, read_at) VALUES ('rival-msp', $1, now())", TENANT
    )
    await pipeline.pool.execute(
        """INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, is_active, owned)
        VALUES ('rival-msp', $1, 1, 'RIVALS', true, true)""",
        rivals,
    )
    await pipeline.invoice([{"product_code": "P-1"}])
    run = await pipeline.sync()
    assert (run["state"], run["deleted"]) == ("succeeded", 1)
    assert set(await pipeline.licences()) == {(1, "RIVALS"), (1, "P-1")}


@pytest.mark.parametrize("quantity", ["\u0661\u0662", "1_000", "\uff11\uff12"])
async def test_quantities_in_other_digits_are_refused(pipeline: Pipeline, quantity: str) -> None:
    with pytest.raises(InvalidInvoiceError, match="quantity"):
        await pipeline.invoice([{"quantity": quantity}])


async def test_a_halo_without_licences_says_null_and_can_start(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.change_settings(TENANT, null_lists=True, byte_order_mark=True)
    await pipeline.invoice([{"product_code": "P-1"}])
    assert (await pipeline.sync())["created"] == 1
