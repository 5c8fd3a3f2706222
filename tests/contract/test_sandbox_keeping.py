"""The sandbox as a Halo that rounds, normalises, ignores and fails (halo-api section 5)."""

import httpx
import pytest
from halo_sandbox.testing import RunningTenant

ROW = {
    "client_id": 1,
    "name": "R&D-SEAT FOR EVERYBODY ",
    "count": 2.5,
    "price": 10.126,
    "billing_cycle": "Annual",
    "is_active": False,
}


async def post(halo: RunningTenant, *rows: object) -> httpx.Response:
    return await halo.http.post("/api/SoftwareLicence", json=rows)


@pytest.mark.parametrize(
    ("settings", "field", "kept"),
    [
        ({"kept_names": "escaped"}, "name", "R&amp;D-SEAT FOR EVERYBODY "),
        ({"kept_names": "cut", "name_length": 8}, "name", "R&D-SEAT"),
        ({"kept_names": "trimmed"}, "name", "R&D-SEAT FOR EVERYBODY"),
        ({"kept_counts": "whole"}, "count", 2.0),
        ({"kept_prices": "cents"}, "price", 10.13),
        ({"kept_cycles": {"Annual": "Yearly"}}, "billing_cycle", "Yearly"),
        ({"ignored_fields": ["price"]}, "price", 0.0),
        ({"ignored_fields": ["is_active"]}, "is_active", True),
    ],
)
async def test_a_field_is_kept_otherwise_and_a_warning_may_name_it(
    halo: RunningTenant, settings: dict[str, object], field: str, kept: object
) -> None:
    await halo.admin.change_settings(halo.name, warns=True, **settings)
    stored = (await post(halo, ROW)).json()
    assert stored[field] == kept
    assert field in stored["_warning"]
    [listed] = await halo.admin.licences(halo.name)
    assert listed[field] == kept
    assert {name for name in ROW if stored[name] != ROW[name]} == {field}


async def test_what_is_kept_as_sent_has_no_warning(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, warns=True)
    assert "_warning" not in (await post(halo, ROW)).json()


@pytest.mark.parametrize(("as_200", "status"), [(False, 500), (True, 200)])
async def test_a_row_that_upsets_sinks_its_array_and_a_referenced_licence_stays(
    halo: RunningTenant, as_200: bool, status: int
) -> None:
    await post(halo, ROW)
    await halo.admin.change_settings(
        halo.name, failures_as_200=as_200, upsetting_names=["BAD"], undeletable_names=[ROW["name"]]
    )
    for answer in (await post(halo, ROW, {**ROW, "name": "BAD"}), await halo.http.delete("/api/SoftwareLicence/1")):
        assert answer.status_code == status
        assert "id" not in answer.json()
    assert len(await halo.admin.licences(halo.name)) == 1


async def test_a_delete_may_be_answered_and_ignored(halo: RunningTenant) -> None:
    await post(halo, ROW)
    await halo.admin.change_settings(halo.name, ignores_deletes=True)
    assert (await halo.http.delete("/api/SoftwareLicence/1")).status_code == 200
    assert len(await halo.admin.licences(halo.name)) == 1


async def test_larger_arrays_may_be_refused(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, largest_array=2)
    assert (await post(halo, *[ROW] * 3)).status_code == 400
    assert (await post(halo, *[ROW] * 2)).status_code == 201


async def test_rows_may_take_their_time(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, row_delay_s=0.05)
    assert (await post(halo, *[ROW] * 4)).elapsed.total_seconds() >= 0.2
