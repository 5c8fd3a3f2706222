"""`halosync migrate`, `partner` and `key`."""

from uuid import uuid4

import pytest
from halosync.domain.roles import Role
from halosync.store.keys import KeyStore
from halosync.store.pool import Pool
from halosync.version import VERSION

from tests.integration.cli.conftest import Run

pytestmark = pytest.mark.integration


async def test_migrate_tells_what_it_applied(command: Run, administrator: Run, pool: Pool) -> None:
    assert (await administrator("migrate", "--json")).json() == {"version": VERSION, "applied": []}
    told = (await administrator("migrate")).stdout
    assert "up to date" in told
    for server, variable in (("Postgres", "HALOSYNC_ADMIN_DATABASE_URL"), ("RabbitMQ", "HALOSYNC_ADMIN_AMQP_URL")):
        assert f"All services use one account of {server}. Give {variable}" in told
    await pool.execute("DROP SCHEMA public CASCADE")
    await pool.execute("CREATE SCHEMA public")
    missing = await command("partner", "list")
    assert missing.exit_code == 1
    assert "halosync migrate" in missing.stderr
    assert "0001_first" in (await administrator("migrate")).stdout


async def test_a_partner_is_added_and_listed(command: Run) -> None:
    empty = await command("partner", "list")
    assert "halosync partner add" in empty.stdout
    added = await command("partner", "add", "acme-msp", "--name", "Acme [red] & Søns", "--json")
    assert added.json() == {"partner_id": "acme-msp", "name": "Acme [red] & Søns", "added": True}
    again = await command("partner", "add", "acme-msp", "--name", "Acme")
    assert again.exit_code == 0
    assert "exists already" in again.stdout
    [listed] = (await command("partner", "list", "--json")).json()
    assert (listed["partner_id"], listed["name"], listed["connection"]) == ("acme-msp", "Acme", "disconnected")
    assert "acme-msp" in (await command("partner", "list")).stdout


async def test_an_operator_allows_that_two_partners_share_a_halo(command: Run, pool: Pool) -> None:
    await command("partner", "add", "acme-msp", "--name", "Acme")
    allowed = await command("partner", "share-tenant", "acme-msp", "--json")
    assert allowed.json() == {"partner_id": "acme-msp", "allow_shared_tenant": True, "changed": True}
    assert await pool.fetchval("SELECT allow_shared_tenant FROM partner")
    assert "may connect a Halo" in (await command("partner", "share-tenant", "acme-msp")).stdout
    assert "may connect only" in (await command("partner", "share-tenant", "acme-msp", "--refuse")).stdout
    assert not await pool.fetchval("SELECT allow_shared_tenant FROM partner")
    assert await pool.fetchval("SELECT count(*) FROM audit_entry") == 2
    assert "no partner nobody" in (await command("partner", "share-tenant", "nobody")).stderr


@pytest.mark.parametrize("partner_id", ["", "a/b", "a\tb", " acme", "x" * 201])
async def test_an_id_that_no_address_could_hold_is_a_usage_error(command: Run, partner_id: str) -> None:
    assert (await command("partner", "add", partner_id, "--name", "N")).exit_code == 2


async def test_a_key_is_created_listed_and_revoked(command: Run, acme: str, pool: Pool) -> None:
    created = (await command("key", "create", "--partner", acme, "--name", "portal", "--json")).json()
    principal = await KeyStore(pool).authenticate(created["api_key"])
    assert principal is not None
    assert (str(principal.key_id), principal.access) == (created["key_id"], {acme: Role.ADMIN})
    [listed] = (await command("key", "list", "--partner", acme, "--json")).json()
    assert listed.keys() == {"key_id", "partner_id", "name", "role", "created_at", "last_used_at", "revoked_at"}
    assert (await command("key", "revoke", created["key_id"])).exit_code == 0
    assert await KeyStore(pool).authenticate(created["api_key"]) is None
    again = await command("key", "revoke", created["key_id"], "--json")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "halosync key list" in again.stderr


async def test_a_key_may_have_a_lower_role(command: Run, acme: str, pool: Pool) -> None:
    created = (await command("key", "create", "--partner", acme, "--role", "viewer", "--json")).json()
    principal = await KeyStore(pool).authenticate(created["api_key"])
    assert principal is not None
    assert (principal.access, created["role"]) == ({acme: Role.VIEWER}, "viewer")
    assert (await command("key", "create", "--partner", acme, "--role", "owner")).exit_code == 2


async def test_people_get_the_key_alone_on_standard_output(command: Run, pool: Pool) -> None:
    created = await command("key", "create", "--operator")
    principal = await KeyStore(pool).authenticate(created.stdout.strip())
    assert principal is not None
    assert principal.access == {None: Role.ADMIN}
    assert "cannot be shown again" in created.stderr
    assert "(operator)" in (await command("key", "list")).stdout


@pytest.mark.parametrize("whose", [[], ["--partner", "acme", "--operator"]])
async def test_a_key_has_one_owner(command: Run, whose: list[str]) -> None:
    assert (await command("key", "create", *whose)).exit_code == 2


async def test_an_unknown_partner_is_told(command: Run) -> None:
    failed = await command("key", "create", "--partner", "nobody", "--json")
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert "there is no partner 'nobody'" in failed.stderr
    assert (await command("key", "list", "--partner", "nobody", "--json")).exit_code == 1


async def test_a_key_that_is_no_uuid_is_a_usage_error(command: Run) -> None:
    assert (await command("key", "revoke", "hs_x")).exit_code == 2
    assert (await command("key", "revoke", uuid4())).exit_code == 1
