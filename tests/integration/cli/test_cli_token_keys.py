"""`halosync keys rotate`: what is stored is encrypted anew, and it is said when the old key may go."""

from typing import Any

import asyncpg
import pytest
from cryptography.fernet import Fernet
from devstack.accounts import signed_in
from halosync.domain.accounts import Account
from halosync.runtime.vault import Vault
from pydantic import SecretStr

from .conftest import on

pytestmark = pytest.mark.integration

OLD, NEW = (SecretStr(Fernet.generate_key().decode()) for _ in range(2))
TOKEN = SecretStr("a token")


def settings(url: str, *keys: SecretStr) -> dict[str, str]:
    return {"HALOSYNC_DATABASE_URL": url, "HALOSYNC_TOKEN_KEYS": ",".join(key.get_secret_value() for key in keys)}


async def test_everything_is_encrypted_with_the_first_key(
    database_url: str, pool: "asyncpg.Pool[Any]", acme: str
) -> None:
    old, url = Vault([OLD]), signed_in(database_url, Account.AUTH)
    await pool.execute(
        "INSERT INTO oauth_token (partner_id, generation, access_token, refresh_token, expires_at)"
        " VALUES ($1, 7, $2, $3, now())",
        acme,
        old.encrypt(TOKEN),
        old.encrypt(TOKEN),
    )
    await pool.execute(
        "INSERT INTO oauth_attempt (state_hash, partner_id, tenant, client_id, code_verifier, expires_at, begun_by,"
        " begun_by_operator) VALUES ('h', $1, 'acme', 'c', $2, now() + interval '1 minute', 'test', false)",
        acme,
        old.encrypt(TOKEN),
    )
    await pool.execute("INSERT INTO sealing_key (public_key, private_key) VALUES ('p', $1)", old.encrypt(TOKEN))
    rotate = on(settings(url, NEW, OLD))
    first = await rotate("keys", "rotate", "--json")
    assert first.json() == {
        "keys": 2,
        "encrypted_anew": 1,
        "already": 0,
        "unreadable": [],
        "old_keys_may_go": True,
    }
    again = await rotate("keys", "rotate")
    assert "1 were already" in again.stdout
    assert "take them out" in again.stdout
    new = Vault([NEW])
    row = await pool.fetchrow("SELECT access_token, refresh_token, generation FROM oauth_token")
    assert row is not None
    assert (new.decrypt(row["access_token"]), new.decrypt(row["refresh_token"]), row["generation"]) == (TOKEN, TOKEN, 7)
    assert new.decrypt(await pool.fetchval("SELECT code_verifier FROM oauth_attempt")) == TOKEN
    keys = await pool.fetch("SELECT private_key FROM sealing_key ORDER BY key_id")
    assert len(keys) == 2, "published once, and never changed"
    assert len(bytes.fromhex(new.decrypt(keys[1]["private_key"]).get_secret_value())) == 32


async def test_what_no_key_reads_is_named_and_nobody_else_may_do_it(
    database_url: str, pool: "asyncpg.Pool[Any]", acme: str
) -> None:
    lost = Vault([OLD]).encrypt(TOKEN)
    await pool.execute("INSERT INTO oauth_token VALUES ($1, 7, $2, $2, now())", acme, lost)
    rotated = await on(settings(signed_in(database_url, Account.AUTH), NEW))("keys", "rotate", "--json")
    assert (rotated.exit_code, rotated.json()["unreadable"], rotated.json()["old_keys_may_go"]) == (1, [acme], False)
    assert f"the tokens of {acme}" in rotated.stderr
    assert await pool.fetchval("SELECT access_token FROM oauth_token") == lost
    operator = await on(settings(signed_in(database_url, Account.OPERATOR), NEW))("keys", "rotate")
    assert (operator.exit_code, "run --rm auth halosync keys rotate" in operator.stderr) == (1, True)
    wrong = await on({"HALOSYNC_DATABASE_URL": database_url, "HALOSYNC_TOKEN_KEYS": "short"})("keys", "rotate")
    assert (wrong.exit_code, "HALOSYNC_TOKEN_KEYS" in wrong.stderr) == (2, True)
