"""What the use cases of auth need of the world; `composition` names who fulfils it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from halosync.domain.acts import Actor
from halosync.ports.connections import ConnectAttempt, EncryptedTokens, NewTokens, StoredConnection
from halosync.ports.oauth import HaloApplication, TokenAnswer
from halosync.ports.permits import Limiter, Rate
from halosync.ports.reads import HaloLists
from halosync.runtime.vault import Vault
from pydantic import SecretStr


class Locked(Protocol):
    """A partner's connection while it is locked; see `LockedConnection`."""

    stored: StoredConnection

    async def establish(
        self,
        attempt: ConnectAttempt,
        tokens: NewTokens,
        granted_scopes: Sequence[str],
        *,
        names: Sequence[str],
        by: Actor,
    ) -> None:
        """Store the tokens of a completed attempt and tell the world. `names` are as for `add_attempt`.

        Raises:
            ConnectionChangedError: the attempt was ended by a disconnect.
            TenantTakenError: somebody else has connected the tenant meanwhile.
        """

    async def replace_token(self, spent: int, tokens: NewTokens) -> None:
        """Store refreshed tokens in place of the generation that was spent for them.

        Raises:
            ConnectionChangedError: that generation is not there any more.
        """

    async def lose(self, problem: str) -> None:
        """Break the connection because Halo refused its refresh token, and tell the world."""

    async def end(self, problem: str, *, by: Actor) -> None:
        """Erase tokens, end attempts; tell the world if it was connected."""


class Connections(Protocol):
    """The connections of all partners; see `ConnectionStore`."""

    async def add_attempt(self, attempt: ConnectAttempt, *, names: Sequence[str], lifetime_s: float) -> bool:
        """Begin an attempt, which ends after `lifetime_s` seconds; False if there is no such partner.

        `names` are the tenants of which none may be another partner's (`HaloHosts.names_to_be_free`).

        Raises:
            TooManyAttemptsError: the partner has begun too many of late.
            TenantTakenError: the tenant is another partner's.
        """
        ...

    async def tenant_taken(self, partner_id: str, names: Sequence[str]) -> bool:
        """Tell whether a Halo is another partner's under one of these names.

        Only `establish` can be sure that it stays free.
        """
        ...

    async def claim_attempt(self, state_hash: bytes) -> ConnectAttempt | None:
        """Use an attempt, which can be done once; None if it is unknown, expired or used."""
        ...

    async def reopen_attempt(self, state_hash: bytes) -> None:
        """Let an attempt that was claimed, and of which nothing was spent, be used again until it expires."""

    async def attempt_partner(self, state_hash: bytes) -> str | None:
        """Return whose attempt it is or was; None if it is unknown."""
        ...

    async def fail_proof(self, attempt: ConnectAttempt, problem: str) -> bool:
        """Break the connection because the attempt's token did not read Halo; one that works is left as it is.

        False: a disconnect has ended the attempt meanwhile, and nothing was changed.
        """
        ...

    async def rate(self, partner_id: str) -> Rate | None:
        """Return the limit that the partner's settings give its tenant; None if they leave it to the processes."""
        ...

    async def note_problem(self, partner_id: str, problem: str) -> None:
        """Keep why a partner is not connected; a connection that works is left as it is."""

    async def read(self, partner_id: str) -> StoredConnection | None:
        """Return a connection as it is now, without a lock; None if there never was one."""
        ...

    async def expiring(self, within_s: float) -> list[str]:
        """Return the connected partners whose access token expires within so many seconds, most urgent first."""
        ...

    def lock(self, partner_id: str, *, wait: bool = True) -> AbstractAsyncContextManager[Locked | None]:
        """Lock a connection; what the block does is committed when it ends, and nothing if it raises.

        The block gets None if there is no connection, or, without `wait`, if somebody else has the lock.

        Raises:
            ConnectionChangedError: it was ended or made anew while the lock was lost.
        """
        ...


class TokensAtRest(Protocol):
    """The tokens of all partners as they are stored; see `TokenKeyStore`."""

    async def generations(self) -> Mapping[str, int]:
        """Return the generation of each connected partner's tokens."""
        ...

    async def tokens(self, partner_ids: Sequence[str]) -> Sequence[EncryptedTokens]:
        """Return the tokens of these partners."""
        ...

    async def note(self, unreadable: Sequence[EncryptedTokens], problem: str) -> None:
        """Keep on these partners' connections that their tokens cannot be read, and of all others that they can."""


class OAuthServer(Protocol):
    """Halo's OAuth server; see `OAuthClient`."""

    def authorize_url(self, *, at: HaloApplication, scope: str, state: str, verifier: SecretStr) -> str:
        """Return the address that the browser goes to."""
        ...

    def is_issuer(self, *, tenant: str, issuer: str) -> bool:
        """Tell whether `iss` of a redirect names the tenant's own server (RFC 9207)."""
        ...

    async def exchange(self, *, at: HaloApplication, scope: str, code: SecretStr, verifier: SecretStr) -> TokenAnswer:
        """Exchange the code of a log-in for tokens.

        Raises:
            OAuthError: one of its four kinds.
        """
        ...

    async def refresh(self, *, at: HaloApplication, refresh_token: SecretStr) -> TokenAnswer:
        """Spend a refresh token, which Halo takes once.

        Raises:
            OAuthError: one of its four kinds.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Everything outside of the use cases of auth.

    Attributes:
        connections: what is stored of them.
        server: Halo's OAuth server.
        lists: Halo's lists, for the proof that a connection serves; pages of `SAMPLE_PAGE_SIZE`.
        limiter: the budget that the requests of the proof come from.
        vault: has the keys that decrypt what is stored.
    """

    connections: Connections
    server: OAuthServer
    lists: HaloLists
    limiter: Limiter
    vault: Vault
