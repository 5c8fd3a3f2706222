"""Who sees what: every route with another partner's key, no key, a revoked key, an operator's key."""

import json
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest
from halosync.domain.acts import COMMAND_LINE

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

ACME, RIVAL, NOBODY = "acme-msp", "rival-msp", "no-such-partner"
BODIES: dict[str, object] = {
    "POST /connection": {"tenant": "acme", "client_id": "c"},
    "POST /keys": {"name": "k"},
    "POST /webhooks": {"url": "https://acme.example/"},
    "POST /runs": {"mode": "apply"},
    "PUT /settings": {},
    "PUT /months/{period}/acceptances/{item_key}": {"note": "n"},
    "POST /months/{period}/close": {"seen": 0},
    "PUT /months/{period}": {"invoices": "together"},
    "PUT /halo/licences/{halo_licence_id}": {"keep": True},
    "PUT /customers/{customer_id}": {"halo_client_id": None},
    "PUT /products/{product_code}": {"licence_name": None},
    "PUT /people/{email}": {"role": "admin"},
}
PREFIX = "/v1/partners/{partner}"
DESCRIPTION = json.loads((Path(__file__).parents[3] / "docs/generated/openapi.json").read_text("utf-8"))
ROUTES = [
    (method.upper(), path.removeprefix(PREFIX))
    for path, methods in DESCRIPTION["paths"].items()
    if path.startswith(PREFIX)
    for method in methods
]


def filled(path: str, run_id: object) -> str:
    values = {
        "invoice_id": "INV-1",
        "customer_id": "C-1",
        "product_code": "P-1",
        "email": f"anna@{run_id}.example",
        "period": "2026-11",
        "item_key": "0" * 32,
        "halo_licence_id": "5",
        "line_id": "1",
    }
    return path.format(**values, run_id=run_id, key_id=run_id, webhook_id=run_id, delivery_id=run_id)


def without_partner(response: httpx.Response, partner: str) -> tuple[int, str, dict[str, str]]:
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return response.status_code, response.text.replace(partner, "PARTNER"), headers


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_another_partners_things_look_like_nothing(world: "World", method: str, path: str) -> None:
    invoice_pk = await world.invoice(partner=RIVAL)
    run_id = await world.run(invoice_pk, partner=RIVAL)
    address, body = filled(path, run_id), BODIES.get(f"{method} {path}")
    hidden = await world.call(method, address, partner=RIVAL, json=body)
    absent = await world.call(method, address, partner=NOBODY, json=body)
    assert hidden.status_code == 404
    assert hidden.json()["code"] == "not_found"
    assert without_partner(hidden, RIVAL) == without_partner(absent, NOBODY)
    assert not world.auth.asked

    # Not even a mistake in the request is answered differently.
    broken = await world.call(method, address, partner=RIVAL, content=b"{", params={"limit": "x"})
    assert without_partner(broken, RIVAL) == without_partner(absent, NOBODY)


@pytest.mark.parametrize("path", ["/runs/{run_id}", "/runs/{run_id}/items", "/runs/{run_id}/events"])
async def test_another_partners_run_is_not_found_below_ones_own_address(world: "World", path: str) -> None:
    run_id, absent = await world.run(await world.invoice(partner=RIVAL), partner=RIVAL), uuid4()
    answers = [await world.call("GET", filled(path, number)) for number in (run_id, absent)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text.replace(str(run_id), "") == answers[1].text.replace(str(absent), "")
    assert (await world.call("POST", f"/runs/{run_id}/cancel")).status_code == 404
    assert await world.pool.fetchval("SELECT cancel_requested_at FROM run") is None


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_without_a_key_nothing_is_told(world: "World", method: str, path: str) -> None:
    for authorization in (None, "Bearer", "Bearer  ", "Bearer hs_wrong", f"Basic {world.keys[ACME]}", "Bearer \xff"):
        headers = [] if authorization is None else [(b"Authorization", authorization.encode("latin-1"))]
        response = await world.client.request(
            method, f"/v1/partners/{ACME}{filled(path, uuid4())}", headers=headers, content=b"{"
        )
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"] == "unauthorized"


async def test_a_revoked_key_is_no_key(world: "World") -> None:
    created = await world.ports.keys.create(ACME, "lost", by=COMMAND_LINE)
    world.keys["lost"] = created.api_key
    assert (await world.call("GET", "/runs", key="lost")).status_code == 200
    await world.ports.keys.revoke(created.key_id, by=COMMAND_LINE)
    assert (await world.call("GET", "/runs", key="lost")).status_code == 401


async def test_an_operator_sees_every_partner_and_no_others(world: "World") -> None:
    for partner in (ACME, RIVAL):
        assert (await world.call("GET", "/summary", key=None, partner=partner)).status_code == 200
    assert (await world.call("GET", "/summary", key=None, partner=NOBODY)).status_code == 404


async def test_lists_hold_ones_own_rows_only(world: "World") -> None:
    for partner in (ACME, RIVAL):
        invoice_pk = await world.invoice(f"INV-{partner}", partner=partner)
        await world.run(invoice_pk, partner=partner)
        await world.halo({7: f"Client of {partner}"}, [f"Licence of {partner}"], partner=partner)
    assert [i["invoice_id"] for i in (await world.get("/invoices"))["items"]] == ["INV-acme-msp"]
    assert [r["partner_id"] for r in (await world.get("/runs"))["items"]] == [ACME]
    assert [c["name"] for c in (await world.get("/halo/clients"))["items"]] == ["Client of acme-msp"]
    assert [n["name"] for n in (await world.get("/halo/licence-names"))["items"]] == ["Licence of acme-msp"]
    assert (await world.call("GET", "/invoices/INV-rival-msp/lines")).status_code == 404
