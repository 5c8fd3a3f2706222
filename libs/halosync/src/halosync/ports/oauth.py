"""What Halo's OAuth server gives, and how it refuses.

A failure is an exception named for the next step: `InvalidGrant` needs a person, `InvalidClient` and `OtherRefusal`
need another entry or another setting in Halo, `Transient` needs only time.
"""

from dataclasses import dataclass

from pydantic import SecretStr


class OAuthError(Exception):
    """Halo's OAuth server did not give tokens."""


class InvalidGrant(OAuthError):
    """The code or the refresh token is dead: a person must connect again."""


class InvalidClient(OAuthError):
    """Halo does not know the client id, or does not allow it this way of logging in."""


class OtherRefusal(OAuthError):
    """Halo refused with another of OAuth's codes, which is the message."""


class Transient(OAuthError):
    """Anything else: no answer, a limit, a failure, an answer that is no token answer. Trying again may help."""


@dataclass(frozen=True, slots=True)
class HaloApplication:
    """Our application in a Halo.

    Attributes:
        tenant: a label or a host name; says where that Halo is.
        client_id: as that Halo knows the application.
        halo_tenant: what Halo calls the tenant, where that differs from its host; else None.
    """

    tenant: str
    client_id: str
    halo_tenant: str | None = None


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What Halo's token endpoint answered.

    Attributes:
        access_token: not empty.
        refresh_token: None if the answer brings no new one.
        lifetime_s: the access token's, in seconds from now; a day at most. 0: it is to be renewed at its next use.
        granted_scopes: what was really granted; None if the answer does not say, which proves nothing.
    """

    access_token: SecretStr
    refresh_token: SecretStr | None
    lifetime_s: float
    granted_scopes: tuple[str, ...] | None
