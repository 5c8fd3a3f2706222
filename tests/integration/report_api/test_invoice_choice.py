"""Which invoice a run is for: by month, one of several, or several together (spec section 9, "Which invoice")."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from devstack.fields import Fields

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

MONTH = timedelta(days=31)


async def asked(world: "World", **body: str | int) -> tuple[int, str]:
    response = await world.call("POST", "/runs", json={"mode": "apply", **body})
    return response.status_code, response.json().get("code", "")


async def synced(world: "World", invoice_id: str, **columns: Any) -> None:
    """Load an invoice and carry it out."""
    invoice_pk = await world.invoice(invoice_id, [world.line(1)], **columns)
    await world.finish(await world.run(invoice_pk, [world.item(outcome="synced")]))


async def invoices_of_runs(world: "World") -> list[list[str]]:
    """Return the invoices of each run, in the order in which they were started."""
    rows = await world.pool.fetch(
        """SELECT array_agg(invoice_id ORDER BY line_offset) AS ids
        FROM run r JOIN invoice_of_run USING (run_id) JOIN invoice i ON i.invoice_pk = invoice_of_run.invoice_pk
        GROUP BY r.run_id, r.created_at ORDER BY r.created_at"""
    )
    return [row["ids"] for row in rows]


async def test_a_late_correction_of_an_older_month_does_not_become_the_newest(world: "World") -> None:
    await world.connect()
    await synced(world, "INV-NOV")
    await world.invoice("INV-OCT", [world.line(1)], period="2026-10", issued_at=world.issued + timedelta(days=3))
    assert (await world.get("/summary"))["invoice"]["invoice_id"] == "INV-NOV"
    assert [one["invoice_id"] for one in await world.pages("/invoices", 1)] == ["INV-NOV", "INV-OCT"]
    assert await asked(world, invoice_id="INV-OCT") == (409, "older_period")
    assert await asked(world) == (202, "")
    assert await invoices_of_runs(world) == [["INV-NOV"], ["INV-NOV"]]


async def test_an_older_month_is_carried_out_when_somebody_allows_it(world: "World") -> None:
    await world.connect()
    await synced(world, "INV-NOV")
    await world.invoice("INV-OCT", [world.line(1)], issued_at=world.issued - MONTH)
    assert await asked(world, invoice_id="INV-OCT", allow_older=True) == (202, "")
    assert await invoices_of_runs(world) == [["INV-NOV"], ["INV-OCT"]]


async def test_an_older_month_that_only_failed_to_be_read_changes_nothing(world: "World") -> None:
    """What counts is what came to write: a run that could not read left Halo as it was."""
    await world.connect()
    await world.invoice("INV-OCT", [world.line(1)], issued_at=world.issued - MONTH)
    newest = await world.invoice("INV-NOV", [world.line(1)])
    await world.run(newest, state="failed", writing_at=None)
    assert await asked(world, invoice_id="INV-OCT") == (202, "")


async def test_a_month_that_is_replaced_by_an_older_one_is_asked_about(world: "World") -> None:
    await world.connect()
    await synced(world, "INV-NOV")
    await world.invoice("INV-OCT", [world.line(1)], issued_at=world.issued - MONTH)
    await world.pool.execute("UPDATE invoice SET superseded_by = invoice_pk WHERE invoice_id = 'INV-NOV'")
    assert await asked(world) == (409, "older_period")
    assert await asked(world, allow_older=True) == (202, "")


async def several(world: "World", **columns: str) -> None:
    await world.connect()
    await world.invoice("INV-A", [world.line(1), world.line(2)])
    later = world.issued + timedelta(hours=1)
    await world.invoice("INV-B", [world.line(1)], issued_at=later, **columns)


async def choose(world: "World", invoices: str, period: str = "2026-11") -> tuple[int, Fields]:
    response = await world.call("PUT", f"/months/{period}", json={"invoices": invoices})
    return response.status_code, response.json()


async def test_several_invoices_of_a_month_wait_until_a_person_says_which_count(world: "World") -> None:
    await several(world)
    for named in ({}, {"invoice_id": "INV-A"}, {"invoice_id": "INV-B", "allow_older": True}, {"mode": "preview"}):
        assert await asked(world, **named) == (409, "several_invoices")
    problem = (await world.call("POST", "/runs", json={"mode": "apply"})).json()
    assert (problem["period"], problem["invoice_ids"]) == ("2026-11", ["INV-B", "INV-A"])
    assert "Say first whether they count together" in problem["detail"]
    assert await invoices_of_runs(world) == []


async def test_together_one_run_is_for_all_lines_of_the_month(world: "World") -> None:
    await several(world)
    assert await choose(world, "together") == (200, {"period": "2026-11", "invoices": "together"})
    assert await asked(world, invoice_id="INV-A") == (202, "")
    assert await invoices_of_runs(world) == [["INV-B", "INV-A"]]
    run = (await world.get("/runs"))["items"][0]
    assert (run["invoice_id"], run["invoice_ids"]) == ("INV-B", ["INV-B", "INV-A"])


async def test_the_newest_alone_is_taken_when_a_person_says_so(world: "World") -> None:
    await several(world)
    assert (await choose(world, "newest"))[0] == 200
    assert await asked(world, invoice_id="INV-A") == (409, "older_period")
    assert await asked(world) == (202, "")
    assert await invoices_of_runs(world) == [["INV-B"]]


async def test_lines_of_each_invoice_show_what_became_of_them_in_the_run_that_was_for_both(world: "World") -> None:
    await several(world)
    await choose(world, "together")
    await asked(world)
    run_id = await world.pool.fetchval("SELECT run_id FROM run")
    await world.pool.executemany(
        """INSERT INTO item (run_id, seq, customer_ids, customer_name, action, outcome, reason, detail, line_nos)
        VALUES ($1, $2, '{C-1}', 'Contoso', 'update', $3, $4, $4, $5)""",
        [(run_id, 1, "failed", "halo_rejected", [1, 1_000_002]), (run_id, 2, "synced", None, [1_000_001])],
    )
    await world.finish(run_id, "partial")

    async def outcomes(path: str) -> list[tuple[int, str]]:
        return [(line["line_no"], line["outcome"]) for line in (await world.get(path))["items"]]

    assert await outcomes("/invoices/INV-B/lines") == [(1, "failed")]
    assert await outcomes("/invoices/INV-A/lines") == [(1, "synced"), (2, "failed")]
    assert await outcomes("/invoices/INV-A/lines?outcome=failed") == [(2, "failed")]
    assert await outcomes("/invoices/INV-B/lines?q=halo_rejected") == [(1, "failed")]
    assert [one["run"]["state"] for one in (await world.get("/invoices"))["items"]] == ["partial", "partial"]


async def test_a_retry_of_a_run_for_several_needs_the_same_invoices_still(world: "World") -> None:
    await several(world)
    await choose(world, "together")
    await asked(world)
    run_id = await world.pool.fetchval("SELECT run_id FROM run")
    await world.finish(run_id, "failed")
    await world.invoice("INV-0", [world.line(1)], issued_at=world.issued - timedelta(hours=1))
    response = await world.call("POST", f"/runs/{run_id}/retry")
    assert (response.status_code, response.json()["code"]) == (409, "run_outdated")
    await world.pool.execute("UPDATE invoice SET superseded_by = invoice_pk WHERE invoice_id = 'INV-0'")
    assert (await world.call("POST", f"/runs/{run_id}/retry")).status_code == 202
    assert await invoices_of_runs(world) == [["INV-B", "INV-A"]] * 2


async def test_invoices_in_different_currencies_do_not_count_together(world: "World") -> None:
    await several(world, currency="NZD")
    status, problem = await choose(world, "together")
    assert (status, problem["code"]) == (409, "several_currencies")
    assert (await choose(world, "newest"))[0] == 200


async def test_together_with_an_empty_invoice_no_run_is_started(world: "World") -> None:
    await several(world)
    await world.invoice("INV-C", [])
    await choose(world, "together")
    assert await asked(world) == (422, "invoice_empty")


@pytest.mark.parametrize(
    ("period", "invoices", "status"), [("2026-12", "together", 404), ("2026-13", "newest", 422), ("2026-11", "x", 422)]
)
async def test_what_cannot_be_chosen_is_refused(world: "World", period: str, invoices: str, status: int) -> None:
    await several(world)
    assert (await choose(world, invoices, period))[0] == status


async def test_the_choice_is_in_the_audit_log_once(world: "World") -> None:
    await several(world)
    for _ in range(2):
        await choose(world, "together")
    log = (await world.get("/audit"))["items"]
    assert [entry["sentence"] for entry in log if entry["act"] == "month.invoices_chosen"] == [
        "Said that the invoices of November 2026 count together: INV-B, INV-A."
    ]


@pytest.mark.parametrize("is_revision", [False, True])
async def test_what_licences_cost_before_is_in_the_currency_of_the_invoice_before(
    world: "World", *, is_revision: bool
) -> None:
    await world.connect()
    before = {} if is_revision else {"issued_at": world.issued - MONTH}
    await synced(world, "INV-NOV" if is_revision else "INV-OCT", currency="NZD", **before)
    newer = await world.invoice("INV-NOV", [world.line(1)], revision=2 if is_revision else 1)
    await world.pool.execute(
        "UPDATE invoice SET superseded_by = $1 WHERE invoice_id = 'INV-NOV' AND invoice_pk <> $1", newer
    )
    assert await asked(world) == (202, "")
    run_id = await world.pool.fetchval("SELECT run_id FROM run ORDER BY created_at DESC LIMIT 1")
    await world.pool.execute(
        """INSERT INTO item (run_id, seq, customer_ids, customer_name, action, outcome, line_nos,
            before_quantity, before_price, before_billing_cycle, before_active,
            after_quantity, after_price, after_billing_cycle, after_active)
        VALUES ($1, 1, '{C-1}', 'Contoso', 'update', 'synced', '{1}', 2, 10, 'Monthly', true, 2, 9, 'Monthly', true)""",
        run_id,
    )
    assert (await world.get(f"/runs/{run_id}"))["money"] == [
        {
            "billing_cycle": "Monthly",
            "currency": "AUD",
            "before_currency": "NZD",
            "before": "20.00",
            "after": "18.00",
            "change": None,
        }
    ]
