"""What the use cases need from outside, as Protocols; `halosync.store` and `halosync.halo` fulfil them."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from halosync.domain.acts import Actor
from halosync.ports.connections import Attempt, NewTokens, StoredConnection
from halosync.ports.oauth import TokenAnswer
from pydantic import SecretStr


class Locked(Protocol):
    """A partner's connection while it is locked; see `HeldConnection`."""

    stored: StoredConnection

    async def establish(self, attempt: Attempt, tokens: NewTokens, granted_scopes: Sequence[str]) -> None:
        """Store the tokens of a completed attempt and tell the world."""

    async def replace_token(self, spent: int, tokens: NewTokens) -> None:
        """Store refreshed tokens in place of the generation that was spent for them."""

    async def lose(self, problem: str) -> None:
        """Break the connection and tell the world."""

    async def end(self, problem: str, *, by: Actor) -> None:
        """Erase tokens and attempts; tell the world if it was connected."""


class Connections(Protocol):
    """The connections of all partners; see `ConnectionStore`."""

    async def add_attempt(self, attempt: Attempt, *, lifetime_s: float) -> bool:
        """Begin a journey; False if there is no such partner."""

    async def claim_attempt(self, state_hash: bytes) -> Attempt | None:
        """Use an attempt, once."""

    async def attempt_partner(self, state_hash: bytes) -> str | None:
        """Return whose attempt it is or was."""

    async def note_problem(self, partner_id: str, problem: str) -> None:
        """Keep why a partner is not connected."""

    async def read(self, partner_id: str) -> StoredConnection | None:
        """Return a connection as it is now, without a lock."""

    async def expiring(self, within_s: float) -> list[str]:
        """Return the partners whose access token expires soon."""

    def lock(self, partner_id: str, *, wait: bool = True) -> AbstractAsyncContextManager[Locked | None]:
        """Lock a connection; what the block does is committed when it ends."""


class Halo(Protocol):
    """Halo's OAuth server; see `OAuthClient`."""

    def authorize_url(self, *, tenant: str, client_id: str, scope: str, state: str, verifier: SecretStr) -> str:
        """Return the address that the browser goes to."""

    async def exchange(self, *, tenant: str, client_id: str, code: SecretStr, verifier: SecretStr) -> TokenAnswer:
        """Exchange a code for tokens."""

    async def refresh(self, *, tenant: str, client_id: str, refresh_token: SecretStr) -> TokenAnswer:
        """Spend a refresh token."""
