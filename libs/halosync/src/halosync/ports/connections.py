"""A partner's connection to Halo: what is stored of it, and what the partner sees of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from halosync.domain.acts import UNNAMED, Actor

ConnectionState = Literal["disconnected", "connected", "broken"]


class ConnectionChangedError(RuntimeError):
    """The connection was ended or made anew by somebody else meanwhile."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to connect that has begun; the verifier is encrypted, the state is known by its SHA-256 only.

    `begun_by` is who is connecting: Halo's redirect, which completes it, comes without a key.
    """

    state_hash: bytes
    partner_id: str
    tenant: str
    client_id: str
    code_verifier: bytes
    begun_by: Actor = UNNAMED


@dataclass(frozen=True, slots=True)
class NewTokens:
    """Tokens that Halo has just given, encrypted; `lifetime_s` is the access token's, in seconds from now."""

    access_token: bytes
    refresh_token: bytes
    lifetime_s: float


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


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A partner's connection as the partner sees it (spec section 7)."""

    state: Literal["disconnected", "pending", "connected", "broken"]
    tenant: str | None
    client_id: str | None
    granted_scopes: list[str]
    connected_at: datetime | None
    problem: str | None
