"""The environment of auth (spec section 8)."""

from dataclasses import dataclass

from halosync.domain.tenant import HaloHosts
from halosync.ports.permits import Rate
from halosync.runtime.public_url import PublicUrlSettings
from halosync.runtime.settings import HaloSettings, ProcessSettings
from halosync.runtime.token_keys import TokenKeySettings
from pydantic import Field

TOKEN_TIMEOUT_S = 8.0
"""The longest a token request may take: well below a request to auth (20 s) and the patience of those who wait."""


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


class AuthSettings(ProcessSettings, HaloSettings, PublicUrlSettings, TokenKeySettings):
    """What auth needs."""

    oauth_scope: str = Field(
        default="read:customers read:softwarelicensing edit:softwarelicensing offline_access",
        pattern=r"^\S+( \S+)*$",
        description="The scope to ask for; the default is the least that the work needs (halo-api section 1)",
    )
    token_refresh_interval_s: float = Field(
        default=30.0, gt=0, le=120, description="Seconds between two looks for tokens that are about to expire"
    )

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
