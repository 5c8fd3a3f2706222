"""A partner's connection to Halo: what is stored of it, and what the partner sees of it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from halosync.domain.acts import UNNAMED, Actor

ConnectionState = Literal["disconnected", "connected", "broken"]


class ConnectionChangedError(RuntimeError):
    """The connection was ended or made anew by somebody else meanwhile."""


class TenantTakenError(RuntimeError):
    """The tenant is connected for another partner, and no operator has allowed that two share it (spec section 10)."""


class TooManyAttemptsError(RuntimeError):
    """The partner began too many attempts; `wait_s` seconds from now it may begin one again."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"again in {wait_s:.0f} s")
        self.wait_s = wait_s


def hash_state(state: str) -> bytes:
    """Return what is stored of a state: it is long and random, so a plain hash cannot be reversed."""
    return hashlib.sha256(state.encode()).digest()


@dataclass(frozen=True, slots=True)
class ConnectAttempt:
    """An attempt to connect that has begun; the verifier is encrypted, the state is known by its SHA-256 only.

    `begun_by` is who is connecting, and `session` the browser session it was begun in (a hash; None: by the API): only
    they can complete it.
    """

    state_hash: bytes
    partner_id: str
    tenant: str
    client_id: str
    code_verifier: bytes
    begun_by: Actor = UNNAMED
    session: bytes | None = None
    halo_tenant: str | None = None


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt that can still be completed, as the pages around Halo's redirect see it."""

    partner_id: str
    partner_name: str
    tenant: str
    client_id: str
    session: bytes | None


@dataclass(frozen=True, slots=True)
class NewTokens:
    """Tokens that Halo has just given, encrypted; `lifetime_s` is the access token's, in seconds from now."""

    access_token: bytes
    refresh_token: bytes
    lifetime_s: float


@dataclass(frozen=True, slots=True)
class EncryptedTokens:
    """A partner's tokens as they are stored, to be looked at or encrypted anew."""

    partner_id: str
    generation: int
    access_token: bytes
    refresh_token: bytes


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A partner's tokens, encrypted. `good_for_s`: seconds until the access token expires, by the database's clock."""

    generation: int
    access_token: bytes
    refresh_token: bytes
    expires_at: datetime
    good_for_s: float


@dataclass(frozen=True, slots=True)
class StoredConnection:
    """A connection and its tokens at one moment."""

    state: ConnectionState
    tenant: str | None
    client_id: str | None
    token: StoredToken | None
    halo_tenant: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A partner's connection as the partner sees it (spec section 7)."""

    state: Literal["disconnected", "pending", "connected", "broken"]
    tenant: str | None
    client_id: str | None
    granted_scopes: list[str]
    connected_at: datetime | None
    problem: str | None
    halo_tenant: str | None = None
    problem_code: Literal["token_unreadable"] | None = None
