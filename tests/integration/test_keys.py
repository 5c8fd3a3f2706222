"""API keys in Postgres."""

import asyncio
from uuid import uuid4

import pytest
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Principal, Role
from halosync.ports.keys import MOST_IN_USE, CreatedKey, TooManyKeysError
from halosync.ports.partners import UnknownPartnerError
from halosync.store.keys import KeyStore
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool

pytestmark = pytest.mark.integration


@pytest.fixture
async def keys(pool: Pool) -> KeyStore:
    await PartnerStore(pool).add("acme", "Acme")
    return KeyStore(pool)


async def test_a_key_stands_for_its_partner(keys: KeyStore) -> None:
    created = await keys.create("acme", "portal", by=COMMAND_LINE)
    assert await keys.authenticate(created.api_key) == Principal("portal", {"acme": Role.ADMIN}, created.key_id)


async def test_a_key_without_partner_is_an_operators(keys: KeyStore) -> None:
    created = await keys.create(None, "", by=COMMAND_LINE)
    principal = await keys.authenticate(created.api_key)
    assert principal is not None
    assert principal.is_operator


async def test_keys_are_recognisable_long_and_all_different(keys: KeyStore) -> None:
    created = [(await keys.create("acme", "", by=COMMAND_LINE)).api_key for _ in range(3)]
    assert all(key.startswith("hs_") and len(key) == len("hs_") + 43 for key in created)
    assert len(set(created)) == 3


@pytest.mark.parametrize("api_key", ["", "hs_", "hs_wrong", "\0", "ü"])
async def test_an_unknown_key_stands_for_nobody(keys: KeyStore, api_key: str) -> None:
    assert await keys.authenticate(api_key) is None


async def test_a_revoked_key_stands_for_nobody(keys: KeyStore) -> None:
    revoked, other = (
        await keys.create("acme", "old", by=COMMAND_LINE),
        await keys.create("acme", "new", by=COMMAND_LINE),
    )
    assert await keys.revoke(revoked.key_id, by=COMMAND_LINE) is True
    assert await keys.revoke(revoked.key_id, by=COMMAND_LINE) is False
    assert await keys.revoke(uuid4(), by=COMMAND_LINE) is False
    assert await keys.authenticate(revoked.api_key) is None
    assert await keys.authenticate(other.api_key) is not None


async def test_a_key_of_nobody_is_not_created(keys: KeyStore) -> None:
    with pytest.raises(UnknownPartnerError, match="nobody"):
        await keys.create("nobody", "", by=COMMAND_LINE)


async def test_the_list_is_of_one_partner_or_of_all(keys: KeyStore) -> None:
    operator, partner = (
        await keys.create(None, "op", by=COMMAND_LINE),
        await keys.create("acme", "portal", by=COMMAND_LINE),
    )
    assert [key.key_id for key in await keys.list()] == [operator.key_id, partner.key_id]
    assert [key.name for key in await keys.list("acme")] == ["portal"]
    assert (await keys.list("acme"))[0].revoked_at is None


async def test_neither_the_database_nor_a_traceback_shows_the_key(keys: KeyStore, pool: Pool) -> None:
    created = await keys.create("acme", "portal", by=COMMAND_LINE)
    assert created.api_key not in repr(created)
    kept = await pool.fetchval("SELECT string_agg(api_key::text, ' ') FROM api_key")
    assert created.api_key not in kept
    assert created.api_key.encode().hex() not in kept


async def test_a_key_has_a_role(keys: KeyStore) -> None:
    created = await keys.create("acme", "portal", role=Role.VIEWER, by=COMMAND_LINE)
    principal = await keys.authenticate(created.api_key)
    assert principal is not None
    assert principal.access == {"acme": Role.VIEWER}
    assert [key.role for key in await keys.list("acme")] == [Role.VIEWER]


async def test_of_many_keys_created_at_once_none_is_too_many(keys: KeyStore, pool: Pool) -> None:
    await pool.execute(
        "INSERT INTO api_key (partner_id, key_hash) SELECT 'acme', n::text::bytea FROM generate_series(1, $1) n",
        MOST_IN_USE - 3,
    )
    made = await asyncio.gather(
        *(keys.create("acme", f"key {n}", by=COMMAND_LINE) for n in range(8)), return_exceptions=True
    )
    refused = [one for one in made if isinstance(one, TooManyKeysError)]
    created = [one for one in made if isinstance(one, CreatedKey)]
    assert (len(created), len(refused)) == (3, 5)
    assert await keys.number_in_use("acme") == MOST_IN_USE
    await keys.revoke(created[0].key_id, by=COMMAND_LINE)
    await keys.create("acme", "in its place", by=COMMAND_LINE)
    assert await keys.number_in_use("acme") == MOST_IN_USE


async def test_operators_keys_do_not_count_for_a_partner(keys: KeyStore, pool: Pool) -> None:
    await pool.execute(
        "INSERT INTO api_key (key_hash) SELECT n::text::bytea FROM generate_series(1, $1) n", MOST_IN_USE
    )
    await keys.create(None, "op", by=COMMAND_LINE)
    await keys.create("acme", "portal", by=COMMAND_LINE)
