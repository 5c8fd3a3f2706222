"""A partner's settings and summary."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from devstack.fields import Fields

from tests.usual_settings import USUAL_SETTINGS

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

DEFAULTS = {**USUAL_SETTINGS, "rate_limit": {"requests": 500, "window_s": 300.0}}
"""The limit that a partner shows without one of its own is that of the services."""


async def test_the_defaults_are_those_of_the_spec(world: "World") -> None:
    assert await world.get("/settings") == DEFAULTS


async def test_settings_are_replaced_completely(world: "World") -> None:
    wanted: Fields = {
        "auto_sync": True,
        "removal": "zero",
        "cleanup": "owned",
        "price_field": "none",
        "delete_guard": None,
        "rate_limit": {"requests": 100, "window_s": 60.0},
        "country": "AU",
        "invoice_day": 28,
        "review_first_sync": False,
        "adopt_foreign": True,
        "billing_cycles": {"Annual": "Yearly"},
        "licence_type": 1,
        "details": False,
        "email_notices": False,
        "on_drift": "hold",
    }
    response = await world.call("PUT", "/settings", json=wanted)
    assert (response.status_code, response.json()) == (200, wanted)
    assert await world.get("/settings") == wanted
    await world.call("PUT", "/settings", json={"auto_sync": True})
    assert await world.get("/settings") == {**DEFAULTS, "auto_sync": True}


async def test_the_default_limit_sent_back_stays_the_default(world: "World") -> None:
    assert (await world.call("PUT", "/settings", json=await world.get("/settings"))).status_code == 200
    assert await world.pool.fetchval("SELECT bool_and(rate_requests IS NULL) FROM partner")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"removal": "shred"}, "removal"),
        ({"country": "XX"}, "country"),
        ({"country": "au"}, "country"),
        ({"invoice_day": 29}, "invoice_day"),
        ({"delete_guard": {"max_count": -1}}, "delete_guard.max_count"),
        ({"delete_guard": {"max_fraction": "1.5"}}, "delete_guard.max_fraction"),
        ({"rate_limit": {"requests": 0, "window_s": 1}}, "rate_limit.requests"),
        ({"auto_snyc": True}, "auto_snyc"),
        ({"licence_type": "subscription"}, "licence_type"),
        ({"billing_cycles": {"Annual": ""}}, "billing_cycles.Annual"),
    ],
)
async def test_a_wrong_setting_is_named_and_changes_nothing(world: "World", wrong: Any, field: str) -> None:
    response = await world.call("PUT", "/settings", json={"cleanup": "owned", **wrong})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert await world.get("/settings") == DEFAULTS


async def test_the_summary_of_a_new_partner(world: "World") -> None:
    summary = await world.get("/summary")
    assert (summary["invoice"], summary["run"]) == (None, None)
    assert (summary["successful_synchronisations"], summary["failed_synchronisations"]) == (0, 0)
    assert date.fromisoformat(summary["next_expected_invoice"]).weekday() < 5


async def test_a_correction_is_not_the_invoice_that_is_expected(world: "World") -> None:
    now = datetime.now(UTC)
    await world.call("PUT", "/settings", json={"invoice_day": min((now + timedelta(days=5)).day, 28)})
    first = await world.invoice("INV-1", issued_at=now - timedelta(days=40))
    expected = (await world.get("/summary"))["next_expected_invoice"]
    month = f"{now - timedelta(days=40):%Y-%m}"
    corrected = await world.invoice("INV-1", revision=2, period=month, issued_at=now - timedelta(hours=1))
    await world.pool.execute("UPDATE invoice SET superseded_by = $1 WHERE invoice_pk = $2", corrected, first)
    await world.invoice("INV-0", period="2020-01", issued_at=now)
    assert (await world.get("/summary"))["next_expected_invoice"] == expected
    await world.invoice("INV-2", issued_at=now)
    assert (await world.get("/summary"))["next_expected_invoice"] > expected


async def test_the_summary_counts_the_newest_run_that_applied(world: "World") -> None:
    invoice_pk = await world.invoice()
    shapes = ["synced", "synced", "failed", "skipped", "held"]
    made = [world.item(outcome=outcome, action="unchanged") for outcome in shapes]
    await world.finish(await world.run(invoice_pk, made), "partial")
    preview = await world.run(invoice_pk, [world.item()], mode="preview")
    summary = await world.get("/summary")
    assert (summary["successful_synchronisations"], summary["failed_synchronisations"]) == (2, 1)
    assert summary["run"]["run_id"] == str(preview)
    assert summary["invoice"]["run"]["run_id"] == str(preview)
