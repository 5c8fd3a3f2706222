"""Encryption of what must not be readable in the database (spec section 5.6)."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr


class UnreadableError(Exception):
    """None of the keys decrypts it: the key it was encrypted with is missing from HALOSYNC_TOKEN_KEYS."""


class Vault:
    """Encrypts with the first key and decrypts with all of them.

    To rotate, put a new key in front; `halosync keys rotate` encrypts anew what is stored and says when the old one
    may go.
    """

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        fernets = [Fernet(key.get_secret_value()) for key in keys]
        self._first, self._fernet = fernets[0], MultiFernet(fernets)

    def encrypt(self, secret: SecretStr) -> bytes:
        """Return the secret encrypted."""
        return self._fernet.encrypt(secret.get_secret_value().encode())

    def decrypt(self, encrypted: bytes) -> SecretStr:
        """Return the secret again.

        Raises:
            UnreadableError: no key fits.
        """
        try:
            return SecretStr(self._fernet.decrypt(encrypted).decode())
        except InvalidToken:
            raise UnreadableError("no key in HALOSYNC_TOKEN_KEYS decrypts a stored token") from None

    def anew(self, encrypted: bytes) -> bytes | None:
        """Return it encrypted with the first key; None if it is already.

        Raises:
            UnreadableError: no key fits.
        """
        return None if self.is_current(encrypted) else self.encrypt(self.decrypt(encrypted))

    def is_current(self, encrypted: bytes) -> bool:
        """Return whether it is encrypted with the first key."""
        try:
            self._first.decrypt(encrypted)
        except InvalidToken:
            return False
        return True
