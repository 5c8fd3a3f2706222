"""`HALOSYNC_TOKEN_KEYS`: for auth, and for the command that encrypts anew."""

import re
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from halosync.runtime.variables import EnvironmentSettings

_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")


class TokenKeySettings(EnvironmentSettings):
    """The keys of what is encrypted in the database. No error shows a value: it could be a key."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    token_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        description="Comma-separated Fernet keys: the first encrypts, all decrypt"
    )

    @field_validator("token_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("token_keys")
    @classmethod
    def _are_keys(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not keys:
            raise ValueError(f"HALOSYNC_TOKEN_KEYS: give at least one key; {_MAKE_ONE}")
        for number, key in enumerate(keys, start=1):
            # By its form: base64 stops reading at the padding, so two keys in one would pass for the first.
            if not _KEY.fullmatch(key.get_secret_value()):
                raise ValueError(f"HALOSYNC_TOKEN_KEYS: key {number} of {len(keys)} is wrong; {_MAKE_ONE}")
        return keys


_MAKE_ONE = (
    "a key is 32 bytes in URL-safe base64, made by "
    "`python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'`"
)
