"""Keys and the audit log over HTTP."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from halosync.store.keys import KeyStore

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

ACME, RIVAL = "acme-msp", "rival-msp"


async def test_a_key_is_made_shown_once_used_and_revoked(world: "World") -> None:
    response = await world.call("POST", "/keys", json={"name": " accounting "})
    assert response.status_code == 201
    created = response.json()
    world.keys["new"] = created["api_key"]
    listed = await world.call("GET", "/keys", key="new")
    assert created["api_key"] not in listed.text
    assert [key["name"] for key in listed.json()["items"]] == ["key of acme-msp", "accounting"]
    assert (await world.call("DELETE", f"/keys/{created['key_id']}", key="new")).status_code == 204
    assert (await world.call("GET", "/keys", key="new")).status_code == 401
    assert (await world.call("DELETE", f"/keys/{created['key_id']}")).status_code == 404
    acts = [(entry["act"], entry["actor"]) for entry in (await world.get("/audit"))["items"]]
    assert acts[:2] == [("key.revoked", "accounting"), ("key.created", "key of acme-msp")]


@pytest.mark.parametrize(
    "body", [{}, {"name": " "}, {"name": "a\nb"}, {"name": "x" * 501}, {"name": "k", "partner": "x"}]
)
async def test_a_key_without_a_proper_name_is_refused(world: "World", body: dict[str, str]) -> None:
    response = await world.call("POST", "/keys", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] in {"name", "partner"}


async def test_keys_of_others_are_not_found(world: "World") -> None:
    others = [key.key_id for key in await KeyStore(world.pool).list() if key.partner_id != ACME]
    assert len(others) == 2
    for key_id in (*others, uuid4(), "nonsense"):
        assert (await world.call("DELETE", f"/keys/{key_id}")).status_code == 404
    assert len(await world.get("/keys", key=RIVAL, partner=RIVAL)) == 2


async def test_the_log_tells_who_did_what_newest_first(world: "World") -> None:
    await world.halo({7: "Contoso"})
    await world.invoice(lines=[world.line(1)])
    await world.call("PUT", "/customers/C-1", json={"halo_client_id": 7})
    await world.call("PUT", "/settings", json={"invoice_day": 7}, key=None)
    entries = await world.pages("/audit", 1)
    told = [(entry["actor"], entry["is_operator"], entry["sentence"]) for entry in entries]
    assert told == [
        ("key of None", True, "Changed the invoice day from 5 to 7."),
        ("key of acme-msp", False, 'Linked customer "Contoso" (C-1) to client "Contoso" (#7).'),
        ("operator", True, 'Created the API key "key of acme-msp".'),
    ]
    assert [e["act"] for e in await world.pages("/audit", 5, act=["customer.linked", "run.started"])] == [
        "customer.linked"
    ]
    assert (await world.call("GET", "/audit", params={"act": "nonsense"})).status_code == 422
