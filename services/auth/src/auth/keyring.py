"""The keys for which requests to auth are sealed: published, and opened with the token keys.

A key of its own, shared by all replicas through the database. The asker's own key is new for each request.
"""

from typing import Protocol

from halosync.messaging.sealing import new_private_key, public_key
from halosync.ports.sealing import PublicKey, UnsealableError
from halosync.runtime.vault import UnreadableError, Vault
from pydantic import SecretStr


class SealingKeys(Protocol):
    """Where the keys are kept; see `SealingKeyStore`."""

    async def newest(self) -> PublicKey | None:
        """Return the public key that is sealed for."""
        ...

    async def encrypted(self, key_id: int) -> bytes | None:
        """Return a private key as it was encrypted; None: there is none of this number."""
        ...

    async def add(self, public_key: bytes, encrypted: bytes) -> None:
        """Publish a key."""


class Keyring:
    """The private keys, decrypted when they are first needed."""

    def __init__(self, keys: SealingKeys, vault: Vault) -> None:
        self._keys = keys
        self._vault = vault
        self._opened: dict[int, bytes] = {}

    async def publish(self) -> None:
        """See to it that the published key is one whose private key can be read here; else publish a new one."""
        newest = await self._keys.newest()
        if newest is not None and await self._readable(newest.key_id):
            return
        private = new_private_key()
        await self._keys.add(public_key(private), self._vault.encrypt(SecretStr(private.hex())))

    async def private(self, key_id: int) -> bytes:
        """Return a private key.

        Raises:
            UnsealableError: there is none of this number that can be read.
        """
        if key_id not in self._opened:
            encrypted = await self._keys.encrypted(key_id)
            if encrypted is None:
                raise UnsealableError("the key that it was sealed for is not known")
            try:
                self._opened[key_id] = bytes.fromhex(self._vault.decrypt(encrypted).get_secret_value())
            except UnreadableError as error:
                raise UnsealableError(str(error)) from None
        return self._opened[key_id]

    async def _readable(self, key_id: int) -> bool:
        try:
            await self.private(key_id)
        except UnsealableError:
            return False
        return True
