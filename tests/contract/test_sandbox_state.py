"""A sandbox that keeps its state goes on where it was: the same licences, the same ids, the same log-ins."""

from pathlib import Path

from halo_sandbox.app import build
from halo_sandbox.seeds import TenantSeed
from halo_sandbox.settings import TenantSettings
from halo_sandbox.state import load, save
from halo_sandbox.tenant import Tenant
from halo_sandbox.tokens import TokenFamily
from starlette.testclient import TestClient


def lived_in() -> Tenant:
    tenant = Tenant.seeded(
        "acme",
        TenantSeed.model_validate(
            {
                "applications": [{"client_id": "app", "redirect_uris": ["http://h/accounts/"]}],
                "clients": [{"id": 7, "name": "Contoso & Søns"}, {"name": "Gone", "inactive": True}],
                "licences": [
                    *({"client_id": 7, "name": f"P{n}", "count": 1.5, "price": 3} for n in range(3)),
                    {"name": "NOBODYS"},
                ],
                "recurring_lines": [{"licence_id": 1}, {"licence_id": 3}],
                "settings": {"odd_rows": True},
            }
        ),
        TenantSettings(),
    )
    last = tenant.licences.get(3)
    assert last is not None
    tenant.licences.delete(last, request=None, still_listed=False)
    return tenant


def test_what_a_tenant_holds_is_there_again(tmp_path: Path) -> None:
    tenant = lived_in()
    token = tenant.tokens.issue_refresh(TokenFamily("app", frozenset({"all"})))
    save(tmp_path / "state.json", {"acme": tenant})
    again = load(tmp_path / "state.json")["acme"]
    assert (again.applications, again.settings, again.clients) == (tenant.applications, tenant.settings, tenant.clients)
    assert list(again.licences.ever()) == [licence for licence in tenant.licences.ever() if not licence.deleted]
    assert again.tokens.refresh[token].family.asked == {"all"}
    assert [line.licence_id for line in again.recurring_lines] == [1]


def test_an_id_is_never_given_twice(tmp_path: Path) -> None:
    save(tmp_path / "state.json", {"acme": lived_in()})
    again = load(tmp_path / "state.json")["acme"]
    (added,) = again.add_licences([{"client_id": 7, "name": "new"}])
    assert added.id == 5


def test_a_spent_log_in_is_not_kept(tmp_path: Path) -> None:
    tenant = lived_in()
    tenant.tokens.refresh[tenant.tokens.issue_refresh(TokenFamily("app", frozenset()))].spent = True
    save(tmp_path / "state.json", {"acme": tenant})
    assert load(tmp_path / "state.json")["acme"].tokens.refresh == {}


def test_a_server_keeps_what_was_done_until_its_end(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with TestClient(build(state=path, tenants=load(path))) as first:
        assert first.put("/admin/tenants/acme", json={"clients": [{"name": "A"}]}).status_code == 201
    with TestClient(build(state=path, tenants=load(path))) as second:
        assert second.get("/admin/tenants/acme").json()["clients"] == 1
