"""Encryption and the rotation of its keys."""

import pytest
from cryptography.fernet import Fernet
from halosync.runtime.vault import UnreadableError, Vault
from pydantic import SecretStr

OLD, NEW = (SecretStr(Fernet.generate_key().decode()) for _ in range(2))
TOKEN = SecretStr("a token with ünïcode")


def test_a_secret_comes_back_and_is_not_readable_between() -> None:
    encrypted = Vault([OLD]).encrypt(TOKEN)
    assert TOKEN.get_secret_value().encode() not in encrypted
    assert Vault([OLD]).decrypt(encrypted) == TOKEN


def test_every_key_decrypts_and_the_first_encrypts() -> None:
    before = Vault([OLD]).encrypt(TOKEN)
    rotating = Vault([NEW, OLD])
    assert rotating.decrypt(before) == TOKEN
    assert Vault([NEW]).decrypt(rotating.encrypt(TOKEN)) == TOKEN


def test_without_its_key_nothing_is_readable_and_the_error_says_what_is_missing() -> None:
    encrypted = Vault([OLD]).encrypt(TOKEN)
    with pytest.raises(UnreadableError, match="HALOSYNC_TOKEN_KEYS"):
        Vault([NEW]).decrypt(encrypted)
