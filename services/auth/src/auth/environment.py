"""The environment of auth (spec section 8)."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from halosync.domain.tenant import HaloHosts
from halosync.ports.permits import Rate
from halosync.runtime.public_url import PublicUrlSettings
from halosync.runtime.settings import HaloSettings, ProcessSettings
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

TOKEN_TIMEOUT_S = 8.0
"""The longest a token request may take: well below a request to auth (20 s) and the patience of those who wait."""

_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")


@dataclass(frozen=True, slots=True)
class AuthRules:
    """The settings that the use cases go by.

    Attributes:
        scope: what Halo is asked for.
        hosts: where Halo may be.
        rate: the limit of tenants whose partner has set none.
    """

    scope: str
    hosts: HaloHosts
    rate: Rate


class AuthSettings(ProcessSettings, HaloSettings, PublicUrlSettings):
    """What auth needs. No error shows a value: it could be a key."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    token_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        description="Comma-separated Fernet keys: the first encrypts, all decrypt"
    )
    oauth_scope: str = Field(
        default="read:customers read:softwarelicensing edit:softwarelicensing offline_access",
        pattern=r"^\S+( \S+)*$",
        description="The scope to ask for; the default is the least that the work needs (halo-api section 1)",
    )
    token_refresh_interval_s: float = Field(
        default=30.0, gt=0, le=120, description="Seconds between two looks for tokens that are about to expire"
    )

    @field_validator("token_keys", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
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

    @property
    def rules(self) -> AuthRules:
        """What the use cases go by."""
        return AuthRules(self.oauth_scope, self.halo_hosts, Rate(self.halo_rate_requests, self.halo_rate_window_s))

    @property
    def redirect_url(self) -> str:
        """Where Halo sends the browser back to; a partner registers exactly this (halo-api section 1)."""
        return f"{self.public_url}/accounts/"

    @property
    def token_timeout_s(self) -> float:
        """Seconds after which a token request to Halo is given up."""
        return min(self.halo_timeout_s, TOKEN_TIMEOUT_S)


_MAKE_ONE = (
    "a key is 32 bytes in URL-safe base64, made by "
    "`python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'`"
)
