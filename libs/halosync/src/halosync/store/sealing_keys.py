"""The keys for which requests to auth are sealed; the private ones are encrypted by auth and read by nobody else."""

from collections.abc import Sequence

from halosync.ports.sealing import EncryptedKey, PublicKey
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES


class SealingKeyStore:
    """The keys; the newest is the one to seal for."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def newest(self) -> PublicKey | None:
        """Return the public key to seal for; None before auth has ever run."""
        row = await QUERIES.newest_public_key(self._pool)
        return None if row is None else PublicKey(row["key_id"], row["public_key"])

    async def encrypted(self, key_id: int) -> bytes | None:
        """Return a private key as auth encrypted it; None: there is none of this number."""
        found: bytes | None = await QUERIES.private_key(self._pool, key_id=key_id)
        return found

    async def add(self, public_key: bytes, encrypted: bytes) -> None:
        """Publish a key; requests are sealed for it from now on."""
        await QUERIES.add_sealing_key(self._pool, public_key=public_key, private_key=encrypted)

    async def all_encrypted(self) -> Sequence[EncryptedKey]:
        """Return every private key as it was encrypted, oldest first."""
        rows = QUERIES.private_keys(self._pool)
        return [EncryptedKey(row["key_id"], row["private_key"], row["needed_by"]) async for row in rows]

    async def replace(self, key: EncryptedKey, anew: bytes) -> None:
        """Store a private key that was encrypted anew."""
        await QUERIES.encrypt_private_key_anew(self._pool, key_id=key.key_id, before=key.encrypted, anew=anew)
