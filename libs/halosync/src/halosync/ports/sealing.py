"""The keys by which requests to auth, and their replies, are sealed (spec section 10)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


class UnsealableError(Exception):
    """It was not sealed for this key, or not as this message, or something of it was changed."""


@dataclass(frozen=True)
class PublicKey:
    """A public key that requests are sealed for, and its number."""

    key_id: int
    key: bytes


@dataclass(frozen=True)
class EncryptedKey:
    """A private key as auth encrypted it, its number, and the partners whose webhooks' secrets only it opens."""

    key_id: int
    encrypted: bytes = field(repr=False)
    needed_by: Sequence[str]


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
