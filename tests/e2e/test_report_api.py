"""The report API as a partner's programs use it: pages, files, live events, and answers to what makes no sense."""

import csv
import io
import json
from typing import Any

import httpx
import pytest
from devstack.fields import Fields
from devstack.stack import Stack
from report_api.openapi import DEFAULT, text

from tests.partner import Partner, lines, new_partner

pytestmark = pytest.mark.e2e


async def synced(partner: Partner, number: int = 230, **values: str) -> str:
    await partner.connect()
    await partner.publish(partner.event(lines(number, **values)))
    run_id = await partner.start()
    await partner.finished(run_id)
    return run_id


@pytest.mark.parametrize("limit", [1, 7, 100, 500])
async def test_pages_put_together_are_the_whole_list(partner: Partner, limit: int) -> None:
    run_id = await synced(partner, 23 if limit == 1 else 230)
    for path, key in ((f"/runs/{run_id}/items", "item_id"), ("/invoices/INV-1/lines", "line_id")):
        seen: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = await partner.get(path, limit=limit, **cursor)
            assert len(page["items"]) <= limit
            seen += [row[key] for row in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert len(seen) == len(set(seen)) == (23 if limit == 1 else 230)


async def test_filters_narrow_and_wildcards_are_plain_text(partner: Partner) -> None:
    run_id = await synced(partner, 12)
    found = await partner.get(f"/runs/{run_id}/items", q="p-11", outcome="synced", action="create")
    assert [item["product_code"] for item in found["items"]] == ["P-11"]
    for nothing in ("%", "_", "'; DROP TABLE item; --"):
        assert (await partner.get(f"/runs/{run_id}/items", q=nothing))["items"] == []
    assert len((await partner.get("/invoices/INV-1/lines", customer_id="C-1"))["items"]) == 12


async def test_csv_is_the_same_list_and_no_formula(partner: Partner) -> None:
    run_id = await synced(partner, 3, product_name="=cmd|' /C calc'!A0")
    for path in (f"/runs/{run_id}/items", "/invoices/INV-1/lines"):
        answer = await partner.api.get(f"{partner.path}{path}", headers={"Accept": "text/csv"})
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert len(rows) == 3
        assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "@", "+"))]


async def test_live_events_end_with_the_run(partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(120)))
    run_id = await partner.start()
    told: list[Fields] = []
    async with partner.api.stream("GET", f"{partner.path}/runs/{run_id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = [json.loads(line[5:]) async for line in answer.aiter_lines() if line.startswith("data:")]
    last = told[-1].get("counters", told[-1])
    assert (last["total"], last["created"], last["pending"]) == (120, 120, 0)


async def test_only_one_run_at_a_time(partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(1)))
    await partner.halo.add_fault(partner.tenant, match={"path": "Client"}, delay_s=1.0)
    run_id = await partner.start()
    second = await partner.api.post(f"{partner.path}/runs", json={"mode": "apply"})
    assert (second.status_code, second.json()["code"]) == (409, "run_in_progress")
    assert (await partner.finished(run_id))["state"] == "succeeded"


async def test_a_cancelled_run_stops(partner: Partner) -> None:
    await partner.connect()
    await partner.publish(partner.event(lines(1)))
    await partner.halo.add_fault(partner.tenant, match={"path": "Client"}, delay_s=1.0)
    run_id = await partner.start()
    assert (await partner.api.post(f"{partner.path}/runs/{run_id}/cancel")).status_code == 202
    assert (await partner.finished(run_id))["state"] == "cancelled"
    assert await partner.licences() == {}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/runs/not-a-uuid", None, 404),
        ("GET", "/runs/00000000-0000-4000-8000-000000000000", None, 404),
        ("GET", "/runs?cursor=nonsense", None, 422),
        ("GET", "/runs?limit=501", None, 422),
        ("GET", "/invoices/..%2f..%2fetc%2fpasswd/lines", None, 404),
        ("GET", "/invoices/' OR 1=1 --/lines", None, 404),
        ("POST", "/runs", {"mode": "delete everything"}, 422),
        ("POST", "/runs", {"mode": "apply", "invoice_id": "nope"}, 404),
        ("PUT", "/settings", {"removal": "maybe"}, 422),
        ("PUT", "/settings", {"remowal": "zero"}, 422),
        ("PUT", "/customers/C-404", {"halo_client_id": 1}, 404),
        ("DELETE", "/settings", None, 405),
        ("GET", "/no-such-thing", None, 404),
    ],
)
async def test_what_makes_no_sense_is_a_problem_in_json(
    partner: Partner, method: str, path: str, body: object, status: int
) -> None:
    answer = await partner.api.request(method, f"{partner.path}{path}", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert {"title", "status", "detail"} <= answer.json().keys()


async def test_keys_are_needed_and_belong_to_one_partner_or_an_operator(stack: Stack, partner: Partner) -> None:
    async with httpx.AsyncClient(base_url=stack.http_url) as nobody:
        refused = await nobody.get(f"{partner.path}/settings")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        wrong = await nobody.get(f"{partner.path}/settings", headers={"Authorization": "Bearer hs_wrong"})
        assert wrong.status_code == 401
        operator = (await stack.cli("key", "create", "--operator"))["api_key"]
        seen = await nobody.get(f"{partner.path}/settings", headers={"Authorization": f"Bearer {operator}"})
        assert seen.status_code == 200


async def test_another_partners_run_is_not_there(stack: Stack, partner: Partner) -> None:
    run_id = await synced(partner, 1)
    async with new_partner(stack) as other:
        for path in (f"/runs/{run_id}", f"/runs/{run_id}/items", f"/runs/{run_id}/events"):
            assert (await other.api.get(f"{other.path}{path}")).status_code == 404
            assert (await other.api.get(f"{partner.path}{path}")).status_code == 404
        assert (await other.api.post(f"{other.path}/runs/{run_id}/cancel")).status_code == 404


async def test_settings_are_kept_and_defaults_are_the_seeds(partner: Partner) -> None:
    settings = await partner.get("/settings")
    assert settings["removal"] == "delete"
    assert settings["cleanup"] == "all"
    assert settings["price_field"] == "price"
    assert settings["auto_sync"] is False
    changed = {**settings, "removal": "zero", "delete_guard": None, "country": "AU", "invoice_day": 7}
    put = await partner.api.put(f"{partner.path}/settings", json=changed)
    assert put.status_code == 200, put.text
    kept = await partner.get("/settings")
    assert (kept["removal"], kept["delete_guard"], kept["country"]) == ("zero", None, "AU")


def test_the_committed_description_is_fresh() -> None:
    assert DEFAULT.read_text("utf-8") == text()


async def test_the_api_describes_itself(stack: Stack) -> None:
    async with httpx.AsyncClient(base_url=stack.http_url) as anybody:
        served = (await anybody.get("/openapi.json")).json()
    assert served["paths"].keys() == json.loads(text())["paths"].keys()


async def test_every_process_tells_its_health(stack: Stack) -> None:
    async with httpx.AsyncClient() as anybody:
        for service in stack.services.values():
            for path in ("/healthz", "/readyz", "/metrics"):
                assert (await anybody.get(f"{service.health_url}{path}")).status_code == 200
