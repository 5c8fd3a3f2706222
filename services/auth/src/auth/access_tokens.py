"""Access tokens for planner and writers, renewed by one refresh at a time.

A refresh spends the refresh token, which Halo takes once (halo-api section 1). So the connection is locked for it,
which makes it one at a time for all replicas. It runs in a task of its own: an asker that is cancelled does not cancel
it. Its result is committed before anybody gets it. One gap is left that nothing can close: a process that is killed
after Halo has answered and before the commit loses the new tokens, and a person must connect again. `close` keeps a
process that is told to stop from being that process.
"""

import asyncio
from collections.abc import Coroutine

import structlog
from halosync.contracts.connection import TokenGranted
from halosync.domain.connection_sentences import BROKEN
from halosync.observability.metrics import TOKEN_REFRESHES
from halosync.ports.connections import ConnectionChangedError, NewTokens, StoredConnection, StoredToken
from halosync.ports.oauth import HaloApplication, InvalidGrant, OAuthError, TokenAnswer
from halosync.ports.requests import Refusal, refusal
from halosync.runtime.vault import UnreadableError, Vault

from auth.ports import Connections, Locked, OAuthServer

log = structlog.get_logger(__name__)

GOOD_FOR_S = 60.0
"""A token is handed out if it is good for at least this long: longer than a request to Halo takes."""

AHEAD_S = 300.0
"""A connected partner's token is renewed when it expires within this time, also if nobody asks for it."""

REFRESHES_AT_ONCE = 6
"""Each holds a database connection while Halo answers; fewer than the pool has, so that the rest goes on."""


class AccessTokens:
    """Hands out access tokens and keeps them fresh."""

    def __init__(self, connections: Connections, server: OAuthServer, vault: Vault) -> None:
        self._connections = connections
        self._server = server
        self._vault = vault
        self._flights: dict[tuple[str, int | None], asyncio.Task[TokenGranted]] = {}
        self._running: set[asyncio.Task[TokenGranted]] = set()
        self._slots = asyncio.Semaphore(REFRESHES_AT_ONCE)

    async def get(self, partner_id: str, rejected_generation: int | None = None) -> TokenGranted:
        """Return an access token that is good for a minute or more and is not the rejected one.

        Askers of the same thing at the same time share one look into the database and at most one refresh.

        Raises:
            Refusal: not connected, broken, or Halo could not be asked.
        """
        asked = (partner_id, rejected_generation)
        flight = self._flights.get(asked)
        if flight is None:
            flight = self._start(self._obtain(partner_id, rejected_generation, good_for_s=GOOD_FOR_S))
            self._flights[asked] = flight
            flight.add_done_callback(lambda _: self._flights.pop(asked))
        return await asyncio.shield(flight)

    async def refresh_expiring(self, stop: asyncio.Event) -> None:
        """Renew what expires within `AHEAD_S`, so that an idle connection stays alive; ends early on `stop`."""
        waiting = iter(await self._connections.expiring(AHEAD_S))

        async def work() -> None:
            for partner_id in waiting:
                if stop.is_set():
                    return
                await self._refresh_ahead(partner_id)

        # Two slots stay free for those who ask.
        await asyncio.gather(*(work() for _ in range(REFRESHES_AT_ONCE - 2)))

    async def close(self) -> None:
        """Wait for the refreshes under way: their tokens are lost otherwise."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _refresh_ahead(self, partner_id: str) -> None:
        try:
            await asyncio.shield(self._start(self._obtain(partner_id, None, good_for_s=AHEAD_S, wait=False)))
        except Refusal as refused:
            log.warning("refresh ahead of expiry did not succeed", partner_id=partner_id, code=refused.answer.code)
        except Exception as error:  # noqa: BLE001 - one partner's trouble must not keep the others' tokens from renewal
            log.warning("refresh ahead of expiry failed", partner_id=partner_id, error=type(error).__name__)

    def _start(self, work: Coroutine[None, None, TokenGranted]) -> asyncio.Task[TokenGranted]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[TokenGranted]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # looked at: whoever waited for it may have been cancelled

    async def _obtain(
        self, partner_id: str, rejected: int | None, *, good_for_s: float, wait: bool = True
    ) -> TokenGranted:
        stored = await self._connections.read(partner_id)
        token = _connected(partner_id, stored)
        renewed = False
        if token.good_for_s < good_for_s or token.generation == rejected:
            try:
                async with self._slots:
                    stored, renewed = await self._refresh(
                        partner_id, token.generation, rejected, good_for_s=good_for_s, wait=wait
                    )
            except ConnectionChangedError:  # ended or made anew while a refresh had lost the lock: what is now, holds
                stored = await self._connections.read(partner_id)
        return self._granted(partner_id, stored, renewed=renewed)

    async def _refresh(
        self, partner_id: str, seen: int, rejected: int | None, *, good_for_s: float, wait: bool
    ) -> tuple[StoredConnection | None, bool]:
        """Refresh under the lock, unless somebody else did so meanwhile.

        Returns what is stored then, and whether the token is made since this was asked.
        """
        lost = False
        async with self._connections.lock(partner_id, wait=wait) as locked:
            if locked is None:  # somebody else has the lock, or there is nothing to lock
                return await self._connections.read(partner_id), False
            token = _connected(partner_id, locked.stored)
            renewed = token.generation != seen and token.good_for_s > 0
            if token.generation != rejected and (renewed or token.good_for_s >= good_for_s):
                return locked.stored, renewed
            try:
                answer = await self._ask(partner_id, locked, token)
            except InvalidGrant:
                lost = True
                TOKEN_REFRESHES.labels("invalid_grant").inc()
                await locked.lose(BROKEN)
            else:
                await locked.replace_token(token.generation, self._encrypted(answer, token))
        if lost:  # said after the commit: an exception inside the block would undo it
            log.warning("connection lost", partner_id=partner_id)
            raise refusal("connection_broken", partner_id)
        TOKEN_REFRESHES.labels("stored").inc()
        return locked.stored, True

    async def _ask(self, partner_id: str, locked: Locked, token: StoredToken) -> TokenAnswer:
        stored = locked.stored
        try:
            return await self._server.refresh(
                at=HaloApplication(stored.tenant or "", stored.client_id or "", stored.halo_tenant),
                refresh_token=self._vault.decrypt(token.refresh_token),
            )
        except InvalidGrant:
            raise
        except UnreadableError as error:
            raise _unreadable(partner_id, error) from None
        except OAuthError as error:
            TOKEN_REFRESHES.labels("transient").inc()
            log.warning("refresh failed for now", partner_id=partner_id, error=f"{type(error).__name__}: {error}")
            raise refusal("halo_unavailable", partner_id) from None

    def _encrypted(self, answer: TokenAnswer, before: StoredToken) -> NewTokens:
        """Encrypt new tokens; a refresh without a new refresh token leaves the old one good (halo-api section 1)."""
        refresh_token = answer.refresh_token or self._vault.decrypt(before.refresh_token)
        return NewTokens(
            self._vault.encrypt(answer.access_token), self._vault.encrypt(refresh_token), answer.lifetime_s
        )

    def _granted(self, partner_id: str, stored: StoredConnection | None, *, renewed: bool) -> TokenGranted:
        token = _connected(partner_id, stored)
        try:
            access_token = self._vault.decrypt(token.access_token)
        except UnreadableError as error:
            raise _unreadable(partner_id, error) from None
        return TokenGranted(
            partner_id=partner_id,
            tenant=(stored.tenant if stored else None) or "",
            access_token=access_token,
            generation=token.generation,
            expires_at=token.expires_at,
            renewed=renewed,
        )


def _unreadable(partner_id: str, error: UnreadableError) -> Refusal:
    log.warning("stored token cannot be read", partner_id=partner_id, error=str(error))
    return refusal("token_unreadable", partner_id)


def _connected(partner_id: str, stored: StoredConnection | None) -> StoredToken:
    if stored is not None and stored.state == "broken":
        raise refusal("connection_broken", partner_id)
    if stored is None or stored.state != "connected" or stored.token is None:
        raise refusal("not_connected", partner_id)
    return stored.token
