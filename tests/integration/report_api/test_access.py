"""Keys and the audit log over HTTP."""

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from halosync.store.keys import KeyStore
from prometheus_client import REGISTRY
from report_api.access.wrong_keys import WrongKeys
from structlog.testing import capture_logs

if TYPE_CHECKING:
    from report_api.app import Api

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


async def test_wrong_keys_are_counted_and_logged_with_their_address_in_api_and_portal_alike(
    world: "World", application: "Api", monkeypatch: pytest.MonkeyPatch
) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("halosync_wrong_keys_total") or 0

    # Its attributes are no attributes to `setattr`, which would take them away in the end.
    monkeypatch.setitem(application.state._state, "wrong_keys", WrongKeys(delay_s=0))
    world.keys["wrong"] = "hs_wrong"
    form = await world.client.get("/sign-in", headers={"Accept": "text/html"})
    (token,) = re.findall(r'name="csrf" value="(\w+)"', form.text)
    before = counted()
    with capture_logs() as logs:
        assert (await world.call("GET", "/summary", key="wrong")).status_code == 401
        sent = {"csrf": token, "api_key": "hs_wrong"}
        assert (await world.client.post("/sign-in", data=sent, headers={"Accept": "text/html"})).status_code == 422
        assert (await world.call("GET", "/summary")).status_code == 200
    told = [(line["address"], line["path"]) for line in logs if line["event"] == "wrong API key"]
    assert told == [("127.0.0.1", f"/v1/partners/{ACME}/summary"), ("127.0.0.1", "/sign-in")]
    assert counted() == before + 2
    assert "hs_wrong" not in str(logs)


@pytest.mark.parametrize(
    ("key", "below"), [(ACME, f"/v1/partners/{ACME}"), (None, "/v1")], ids=["partner", "operators"]
)
async def test_people_are_let_in_changed_listed_and_removed(world: "World", key: str | None, below: str) -> None:
    async def call(method: str, path: str = "", **given: Any) -> Any:
        return await world.client.request(method, f"{below}/people{path}", headers=world.key(key), **given)

    for email, role in (("Anna@Acme.example", "biller"), ("ben@acme.example", "admin"), ("cy@acme.example", "viewer")):
        answer = await call("PUT", f"/{email}", json={"role": role})
        assert (answer.status_code, answer.json()["email"], answer.json()["role"]) == (200, email.lower(), role)
    assert (await call("GET", "/ANNA@acme.example")).json()["role"] == "biller"
    assert (await call("PUT", "/anna@acme.example", json={"role": "viewer"})).json()["role"] == "viewer"
    first = (await call("GET", params={"limit": 2})).json()
    rest = (await call("GET", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [one["email"][0] for one in [*first["items"], *rest["items"]]] == ["a", "b", "c"]
    assert (await call("DELETE", "/anna@acme.example")).status_code == 204
    assert [(await call(method, "/anna@acme.example")).status_code for method in ("GET", "DELETE")] == [404, 404]
    for wrong in ({"role": "owner"}, {}):
        assert (await call("PUT", "/ben@acme.example", json=wrong)).status_code == 422
    assert (await call("PUT", "/no address", json={"role": "viewer"})).status_code == 422
    told = await world.pool.fetch(
        "SELECT act, actor, is_operator FROM audit_entry"
        " WHERE act LIKE 'person.%' AND partner_id IS NOT DISTINCT FROM $1",
        key,
    )
    acts = [*["person.added"] * 3, "person.changed", "person.removed"]
    assert sorted(row["act"] for row in told) == sorted(acts)
    assert {(row["actor"], row["is_operator"]) for row in told} == {(f"key of {key}", key is None)}


async def test_people_of_others_are_not_seen(world: "World") -> None:
    assert (await world.call("PUT", "/people/anna@acme.example", json={"role": "admin"})).status_code == 200
    assert (await world.call("GET", "/people", key=RIVAL, partner=RIVAL)).json()["items"] == []
    assert (await world.call("GET", "/people/anna@acme.example", key=RIVAL, partner=RIVAL)).status_code == 404
    assert (await world.client.get("/v1/people", headers=world.key(None))).json()["items"] == []
