"""Runs: started, shown, cancelled; their counters and money."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from devstack.wait import until
from halosync.ports.permits import Rate
from halosync.store.limiter import RateLimiter

if TYPE_CHECKING:
    from tests.integration.conftest import World
from .run_answers import MONTHLY, YEARLY

pytestmark = pytest.mark.integration


AUD = {"currency": "AUD", "before_currency": "AUD"}


async def test_a_run_is_started_for_the_newest_invoice(world: "World") -> None:
    await world.connect()
    await world.invoice("INV-0", [world.line(1)], issued_at=world.issued - timedelta(days=31))
    await world.invoice("INV-1", [world.line(1)])
    response = await world.call("POST", "/runs", json={"mode": "apply", "approve_removals": 3})
    assert response.status_code == 202
    run_id = response.json()["run_id"]
    assert response.headers["location"] == f"/v1/partners/acme-msp/runs/{run_id}"
    run = (await world.client.get(response.headers["location"], headers=world.key())).json()
    assert (run["invoice_id"], run["state"], run["mode"]) == ("INV-1", "queued", "apply")
    assert run["requested_by"] == "key of acme-msp"
    assert await world.pool.fetchval("SELECT approve_removals FROM run WHERE NOT accept_shrunk_read") == 3
    assert await world.pool.fetchval("SELECT routing_key FROM outbox") == "run.requested.v1"

    again = await world.call("POST", "/runs", json={"mode": "preview"})
    assert (again.status_code, again.json()["code"], again.json()["run_id"]) == (409, "run_in_progress", run_id)


async def test_a_run_is_of_the_halo_that_its_partner_has_once_it_is_held(world: "World") -> None:
    await world.connect()
    await world.invoice("INV-1", [world.line(1)])

    async def waits() -> bool:
        return bool(await world.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM partner WHERE partner_id = 'acme-msp' FOR UPDATE")
        starting = asyncio.ensure_future(world.call("POST", "/runs", json={"mode": "apply"}))
        await until(waits, what="a start that waits for its partner", timeout_s=10)
        await connection.execute("UPDATE connection SET tenant = 'other'")
    assert (await starting).status_code == 202
    assert await world.pool.fetchval("SELECT tenant FROM run") == "other"


async def test_a_retry_is_a_new_run_of_the_same_invoice(world: "World") -> None:
    await world.connect()
    first = await world.run(await world.invoice("INV-1", [world.line(1)]), state="failed")
    response = await world.call("POST", f"/runs/{first}/retry")
    assert response.status_code == 202
    run_id = response.json()["run_id"]
    assert response.headers["location"] == f"/v1/partners/acme-msp/runs/{run_id}"
    assert run_id != str(first)
    again = await world.call("POST", f"/runs/{first}/retry")
    assert (again.status_code, again.json()["code"], again.json()["run_id"]) == (409, "run_in_progress", run_id)


@pytest.mark.parametrize(
    ("state", "mode", "why"), [("succeeded", "apply", "succeeded"), ("previewed", "preview", "preview")]
)
async def test_a_run_that_left_nothing_is_not_retried(world: "World", state: str, mode: str, why: str) -> None:
    await world.connect()
    first = await world.run(await world.invoice(), state=state, mode=mode)
    response = await world.call("POST", f"/runs/{first}/retry")
    assert (response.status_code, response.json()["code"], response.json()["why"]) == (409, "nothing_left", why)


async def test_a_run_of_an_older_invoice_is_not_retried(world: "World") -> None:
    await world.connect()
    first = await world.run(await world.invoice("INV-1"), state="failed")
    await world.invoice("INV-2", issued_at=world.issued + timedelta(days=31))
    response = await world.call("POST", f"/runs/{first}/retry")
    assert (response.status_code, response.json()["code"]) == (409, "run_outdated")


async def test_a_run_needs_an_invoice_with_lines_and_a_connection(world: "World") -> None:
    async def answer(**body: str) -> tuple[int, str]:
        response = await world.call("POST", "/runs", json={"mode": "apply", **body})
        return response.status_code, response.json()["code"]

    assert await answer() == (404, "not_found")
    await world.invoice("INV-1", [world.line(1)])
    await world.invoice("INV-2", [], issued_at=world.issued + timedelta(days=31))
    assert await answer(invoice_id="INV-1") == (409, "not_connected")
    await world.connect()
    assert await answer(invoice_id="INV-3") == (404, "not_found")
    assert await answer(invoice_id="INV-2") == (422, "invoice_empty")
    assert await world.pool.fetchval("SELECT count(*) FROM run") == 0


async def test_runs_are_listed_newest_first_and_paged(world: "World") -> None:
    invoice_pk = await world.invoice()
    now = datetime.now(UTC)
    # Three at each moment: the id decides among them.
    moments = [now - timedelta(hours=number // 3) for number in range(9)]
    ids = [str(await world.run(invoice_pk, state="succeeded", created_at=moment)) for moment in moments]
    shown = [run["run_id"] for run in await world.pages("/runs", 2)]
    assert sorted(shown) == sorted(ids)
    assert set(shown[:3]) == set(ids[:3])
    assert set(shown[6:]) == set(ids[6:])


async def test_cancelling(world: "World") -> None:
    run_id = await world.run(await world.invoice(), [world.item(), world.item(outcome="synced")])
    for _ in range(2):
        response = await world.call("POST", f"/runs/{run_id}/cancel")
        assert (response.status_code, response.json()) == (202, {"run_id": str(run_id)})
    run = await world.get(f"/runs/{run_id}")
    assert run["state"] == "cancelled"
    assert run["counters"]["pending"] == 0
    for absent in ("no-uuid", UUID(int=1)):
        assert (await world.call("POST", f"/runs/{absent}/cancel")).status_code == 404


async def test_counters_equal_the_rows(world: "World") -> None:
    shapes = [
        *[("synced", "unchanged")] * 2,
        ("skipped", "none"),
        ("held", "delete"),
        *[("pending", "create")] * 3,
    ]
    made = [world.item(outcome=outcome, action=action) for outcome, action in shapes]
    run_id = await world.run(await world.invoice(), made)
    await world.pool.execute("UPDATE item SET outcome = 'synced', action_state = 'applied' WHERE seq = 5")
    await world.pool.execute("UPDATE item SET outcome = 'failed', action_state = 'rejected' WHERE seq = 6")
    counters = (await world.get(f"/runs/{run_id}"))["counters"]
    assert counters == {
        "total": 7,
        "synced": 3,
        "skipped": 1,
        "held": 1,
        "failed": 1,
        "pending": 1,
        "created": 1,
        "updated": 0,
        "deleted": 0,
        "unchanged": 2,
    }
    for outcome in ("synced", "skipped", "held", "failed", "pending"):
        assert len(await world.pages(f"/runs/{run_id}/items", 1, outcome=outcome)) == counters[outcome]


async def test_money_is_what_licences_cost_before_and_after_by_billing_cycle(world: "World") -> None:
    items = [
        world.item(None, (12, "31.50", MONTHLY, True), outcome="pending"),
        world.item((10, "31.50", MONTHLY, True), (11, "31.505", MONTHLY, True), outcome="synced", action="update"),
        world.item((1, "100", MONTHLY, True), (1, "900", YEARLY, True), outcome="synced", action="update"),
        world.item((5, "10", MONTHLY, True), None, outcome="held", action="delete"),
        world.item((5, "10", MONTHLY, True), (9, "10", MONTHLY, True), outcome="failed", action="update"),
        world.item((2, "7", MONTHLY, True), (2, "7", MONTHLY, True), outcome="skipped", action="none"),
        world.item((3, "20", YEARLY, True), None, outcome="synced", action="delete"),
        world.item((3, "20", YEARLY, False), (3, "20", YEARLY, True), outcome="synced", action="update"),
        world.item((3, None, "Weekly", True), (None, "4", "Weekly", True), outcome="synced", action="update"),
    ]
    run_id = await world.run(await world.invoice(), items)
    assert (await world.get(f"/runs/{run_id}"))["money"] == [
        {"billing_cycle": MONTHLY, **AUD, "before": "529.00", "after": "838.56", "change": "309.56"},
        {"billing_cycle": YEARLY, **AUD, "before": "60.00", "after": "960.00", "change": "900.00"},
    ]
    going_on = (await world.get("/runs"))["items"][0]["money"]
    await world.finish(run_id, "partial")
    assert (await world.get(f"/runs/{run_id}"))["money"] == going_on  # kept, no longer added up
    assert await world.pool.fetchval("SELECT count(*) FROM run_money") == 2


async def test_the_time_left_is_estimated_while_writing(world: "World") -> None:
    run_id = await world.run(await world.invoice())
    assert (await world.get(f"/runs/{run_id}"))["eta_s"] == 0
    batch = "INSERT INTO batch (run_id, partner_id, tenant, kind, state) VALUES ($1, 'acme-msp', 'acme', $2, $3)"
    await world.pool.executemany(batch, [(run_id, "write", "issued")] * 8 + [(run_id, "write", "done")] * 2)
    await world.pool.execute("UPDATE run SET writing_at = now() - interval '10 seconds'")
    assert 40 <= (await world.get(f"/runs/{run_id}"))["eta_s"] <= 60  # 8 left, 5 s each so far

    await world.pool.execute("INSERT INTO rate_tenant (tenant, requests, window_s) VALUES ('acme', 500, 300)")
    used = """INSERT INTO rate_lease (tenant, permits, requests, window_s, leased_at, leased_until, free_at)
              VALUES ('acme', 500, 500, 300, now(), now() + '60 s', now() + '100 s')"""
    await world.pool.execute(used)
    await world.pool.execute("UPDATE partner SET rate_requests = 2, rate_window_s = 300")
    assert (await world.get(f"/runs/{run_id}"))["eta_s"] == 1200  # the budget gives 2 in 300 s
    await world.finish(run_id)
    assert (await world.get(f"/runs/{run_id}"))["eta_s"] is None


async def test_an_active_run_says_how_much_of_halos_limit_is_left(world: "World") -> None:
    run_id = await world.run(await world.invoice(), state="reading")

    async def ahead() -> tuple[int | None, datetime | None]:
        run = await world.get(f"/runs/{run_id}")
        until = run["waiting_until"]
        return run["requests_left"], None if until is None else datetime.fromisoformat(until)

    assert await ahead() == (500, None)  # no request was ever made: the services' default
    rate = Rate(500, 300.0)
    limiter = RateLimiter(world.pool)
    await limiter.finish(await limiter.acquire("acme", rate, want=40, lease_s=60.0), 40)
    assert await ahead() == (450, None)  # less what is kept for people
    await limiter.finish(await limiter.acquire("acme", rate, want=450, lease_s=60.0), 450)
    left, until = await ahead()
    assert left == 0
    assert until is not None
    assert 280 < (until - datetime.now(UTC)).total_seconds() <= 300  # when the first permit comes back
    await world.finish(run_id)
    assert await ahead() == (None, None)


async def test_what_others_use_of_halos_limit_is_known_by_a_run(world: "World") -> None:
    run_id = await world.run(await world.invoice())
    limiter = RateLimiter(world.pool)
    await limiter.finish(await limiter.acquire("acme", Rate(500, 300.0), want=100, lease_s=60.0), 100)
    await limiter.block("acme", 120.0)
    run = await world.get(f"/runs/{run_id}")
    assert run["requests_left"] == 0
    until = datetime.fromisoformat(run["waiting_until"])
    assert 115 < (until - datetime.now(UTC)).total_seconds() <= 121
    await world.pool.execute("UPDATE rate_tenant SET blocked_until = now() - interval '1 s'")
    assert (await world.get(f"/runs/{run_id}"))["requests_left"] < 300  # 500 are the limit, others were seen using 400
