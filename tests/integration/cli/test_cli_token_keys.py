"""`halosync keys rotate`: what is stored is encrypted anew, and it is said when the old key may go."""

import base64
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from auth.keyring import Keyring
from cryptography.fernet import Fernet
from devstack.accounts import signed_in
from halosync.contracts.message import Message
from halosync.contracts.webhook import SignWebhook
from halosync.domain.accounts import Account
from halosync.domain.acts import COMMAND_LINE
from halosync.messaging.webhook_secrets import SealedWebhookSecrets, sign
from halosync.ports.requests import Refusal
from halosync.runtime.vault import Vault
from halosync.store.pool import Pool
from halosync.store.sealing_keys import SealingKeyStore
from halosync.store.webhooks import WebhookStore
from pydantic import SecretStr

from .conftest import on

pytestmark = pytest.mark.integration

OLD, NEW = (SecretStr(Fernet.generate_key().decode()) for _ in range(2))
TOKEN = SecretStr("a token")


def settings(url: str, *keys: SecretStr) -> dict[str, str]:
    return {"HALOSYNC_DATABASE_URL": url, "HALOSYNC_TOKEN_KEYS": ",".join(key.get_secret_value() for key in keys)}


class Nobody:
    """Is not asked."""

    async def ask(self, request: Message) -> Message:
        """Fail."""
        raise AssertionError(request)


async def test_everything_is_encrypted_with_the_first_key(database_url: str, pool: Pool, acme: str) -> None:
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
        "unreadable_webhooks": [],
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
    assert len(keys) == 2, "a new one is published once"
    assert new.decrypt(keys[0]["private_key"]) == TOKEN
    assert len(bytes.fromhex(new.decrypt(keys[1]["private_key"]).get_secret_value())) == 32


async def test_what_no_key_reads_is_named_and_nobody_else_may_do_it(database_url: str, pool: Pool, acme: str) -> None:
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


async def test_webhooks_are_signed_after_the_old_key_is_gone(database_url: str, pool: Pool, acme: str) -> None:
    keys = SealingKeyStore(pool)
    await Keyring(keys, Vault([OLD])).publish()
    webhook_id, secrets = uuid4(), SealedWebhookSecrets(keys, Nobody())
    sealed = await secrets.seal("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", webhook_id)
    await WebhookStore(pool).create(acme, webhook_id, "https://a.example", None, sealed, by=COMMAND_LINE)
    request = SignWebhook(
        webhook_id=webhook_id,
        key_id=sealed.key_id,
        sealed_secret=base64.b64encode(sealed.sealed),
        message_id="m",
        sent_at=datetime.now(UTC),
        body="{}",
    )
    before = await sign(request, Keyring(keys, Vault([OLD])))

    url = signed_in(database_url, Account.AUTH)
    lost = await on(settings(url, NEW))("keys", "rotate", "--json")
    told = lost.json()
    assert (lost.exit_code, told["unreadable_webhooks"], told["old_keys_may_go"]) == (1, [acme], False)
    assert f"webhooks of {acme}" in lost.stderr
    with pytest.raises(Refusal):
        await sign(request, Keyring(keys, Vault([NEW])))

    rotated = await on(settings(url, NEW, OLD))("keys", "rotate", "--json")
    assert (rotated.exit_code, rotated.json()["old_keys_may_go"]) == (0, True)
    assert await sign(request, Keyring(keys, Vault([NEW]))) == before
