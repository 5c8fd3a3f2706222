"""The keys by which requests to auth, and their replies, are sealed (spec section 10)."""

from dataclasses import dataclass
from typing import Protocol


class UnsealableError(Exception):
    """It was not sealed for this key, or not as this message, or something of it was changed."""


@dataclass(frozen=True)
class PublicKey:
    """A public key that requests are sealed for, and its number."""

    key_id: int
    key: bytes


class PublicKeys(Protocol):
    """Where the public key of auth is published; see `SealingKeyStore`."""

    async def newest(self) -> PublicKey | None:
        """Return the newest key; None before auth has ever run."""
        ...


class PrivateKeys(Protocol):
    """The private keys of auth; see `auth.keyring.Keyring`."""

    async def private(self, key_id: int) -> bytes:
        """Return a private key.

        Raises:
            UnsealableError: there is none of this number that can be read.
        """
        ...
