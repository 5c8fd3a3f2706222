"""The key for which requests to auth are sealed is one that auth can open."""

import pytest
from auth.keyring import Keyring
from cryptography.fernet import Fernet
from halosync.messaging.sealing import seal, unseal
from halosync.ports.sealing import PublicKey, UnsealableError
from halosync.runtime.vault import Vault
from pydantic import SecretStr


class Kept:
    """The table of keys."""

    def __init__(self) -> None:
        self.rows: list[tuple[bytes, bytes]] = []

    async def newest(self) -> PublicKey | None:
        return PublicKey(len(self.rows), self.rows[-1][0]) if self.rows else None

    async def encrypted(self, key_id: int) -> bytes | None:
        return self.rows[key_id - 1][1] if key_id <= len(self.rows) else None

    async def add(self, public_key: bytes, encrypted: bytes) -> None:
        self.rows.append((public_key, encrypted))


def vault() -> Vault:
    return Vault([SecretStr(Fernet.generate_key().decode())])


async def published(kept: Kept) -> PublicKey:
    newest = await kept.newest()
    assert newest is not None
    return newest


async def test_all_replicas_share_one_key_and_none_is_published_twice() -> None:
    kept, shared = Kept(), vault()
    for _ in range(3):
        await Keyring(kept, shared).publish()
    key = await published(kept)
    assert key.key_id == 1
    sealed = seal(b"code", key.key, b"")
    assert unseal(sealed, await Keyring(kept, shared).private(1), b"") == b"code"


async def test_a_key_that_cannot_be_read_any_more_is_replaced() -> None:
    kept = Kept()
    await Keyring(kept, vault()).publish()
    later = Keyring(kept, vault())
    await later.publish()
    assert (await published(kept)).key_id == 2
    with pytest.raises(UnsealableError, match="HALOSYNC_TOKEN_KEYS"):
        await later.private(1)
    with pytest.raises(UnsealableError, match="not known"):
        await later.private(9)


async def test_the_private_key_is_kept_encrypted() -> None:
    kept, keys = Kept(), vault()
    keyring = Keyring(kept, keys)
    await keyring.publish()
    private = await keyring.private(1)
    assert private not in kept.rows[0][1]
    assert private.hex().encode() not in kept.rows[0][1]
