"""Connections to Halo: what a partner sees of them, OAuth attempts, and tokens, which are encrypted by auth.

Every change is made under one lock, the partner's `connection` row, taken by `ConnectionStore.lock`. A refresh
holds it while it asks Halo: that makes it single-flight across replicas.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from halosync.domain.acts import Act, Actor
from halosync.ports.connections import (
    ConnectAttempt,
    ConnectionView,
    NewTokens,
    OpenAttempt,
    StoredConnection,
    TenantTakenError,
    TooManyAttemptsError,
)
from halosync.ports.permits import Rate
from halosync.postgres_failures import CONNECTION_LOST
from halosync.store.audit import record
from halosync.store.limiter import own_rate
from halosync.store.locked_connection import LockedConnection, replace_token, stored_connection
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES

log = structlog.get_logger(__name__)

LOCK_PATIENCE = "15s"
"""How long a change waits for the lock: longer than a refresh may hold it, shorter than a request to auth may take."""

MOST_ATTEMPTS = 10
ATTEMPTS_WINDOW_S = 60.0
"""How many attempts to connect a partner may begin, and within how many seconds (spec section 10)."""

RESCUE_S = 20.0
"""How long tokens that Halo has already given are tried to be stored after the database's connection was lost: as long
as a stopping process may take (spec section 5.8)."""


class ConnectionStore:
    """The connections of all partners."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def view(self, partner_id: str) -> ConnectionView:
        """Return what the partner sees; a partner that never connected is disconnected."""
        return ConnectionView(**await QUERIES.connection_view(self._pool, partner_id=partner_id))

    async def add_attempt(self, attempt: ConnectAttempt, *, names: Sequence[str], lifetime_s: float) -> bool:
        """Begin an attempt; the partner's other attempts can no longer be completed. False: no such partner.

        `names` are the tenants of which none may be another partner's (`HaloHosts.names_to_be_free`).

        Raises:
            TooManyAttemptsError: the partner has begun `MOST_ATTEMPTS` within `ATTEMPTS_WINDOW_S`.
            TenantTakenError: the tenant is another partner's; this counts as an attempt all the same.
        """
        partner_id, tenant = attempt.partner_id, attempt.tenant
        await QUERIES.ensure_connection(self._pool, partner_id=partner_id)
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.wait_for_locks(connection, patience=LOCK_PATIENCE)
            if await QUERIES.lock_connection(connection, partner_id=partner_id) is None:
                return False
            late = await QUERIES.attempts_of_late(connection, partner_id=partner_id, window_s=ATTEMPTS_WINDOW_S)
            if late["attempts"] >= MOST_ATTEMPTS:
                raise TooManyAttemptsError(late["wait_s"])
            await QUERIES.void_attempts(connection, partner_id=partner_id)
            await QUERIES.forget_old_attempts(connection, partner_id=partner_id)
            await QUERIES.add_attempt(
                connection,
                state_hash=attempt.state_hash,
                partner_id=partner_id,
                tenant=tenant,
                client_id=attempt.client_id,
                code_verifier=attempt.code_verifier,
                lifetime_s=lifetime_s,
                session=attempt.session,
                halo_tenant=attempt.halo_tenant,
                begun_by=attempt.begun_by.name,
                begun_by_key_id=attempt.begun_by.key_id,
                begun_by_operator=attempt.begun_by.is_operator,
            )
            taken = await QUERIES.tenant_taken(connection, partner_id=partner_id, names=list(names))
            if taken:
                await QUERIES.void_attempts(connection, partner_id=partner_id)
            else:
                detail = {"client_id": attempt.client_id}
                by = attempt.begun_by
                await record(connection, by, Act.CONNECTION_BEGUN, partner_id=partner_id, subject=tenant, detail=detail)
        if taken:  # said after the commit: an exception inside the block would undo it
            raise TenantTakenError(tenant)
        return True

    async def open_attempt(self, state_hash: bytes) -> OpenAttempt | None:
        """Return an attempt that can still be completed; None if it is unknown, expired or used."""
        row = await QUERIES.open_attempt(self._pool, state_hash=state_hash)
        return None if row is None else OpenAttempt(**row)

    async def tenant_taken(self, partner_id: str, names: Sequence[str]) -> bool:
        """Tell whether a Halo is another partner's. Only `establish` can be sure that it stays free."""
        return bool(await QUERIES.tenant_taken(self._pool, partner_id=partner_id, names=list(names)))

    async def claim_attempt(self, state_hash: bytes) -> ConnectAttempt | None:
        """Use an attempt, which can be done once; None if it is unknown, expired or used."""
        row = await QUERIES.claim_attempt(self._pool, state_hash=state_hash)
        if row is None:
            return None
        return ConnectAttempt(
            state_hash,
            row["partner_id"],
            row["tenant"],
            row["client_id"],
            row["code_verifier"],
            begun_by=Actor(row["begun_by"], row["begun_by_key_id"], row["begun_by_operator"]),
            session=row["session"],
            halo_tenant=row["halo_tenant"],
        )

    async def reopen_attempt(self, state_hash: bytes) -> None:
        """Let an attempt that was claimed, and of which nothing was spent, be used again until it expires."""
        await QUERIES.reopen_attempt(self._pool, state_hash=state_hash)

    async def attempt_partner(self, state_hash: bytes) -> str | None:
        """Return whose attempt it is or was, used and expired ones included; None if it is unknown."""
        partner_id: str | None = await QUERIES.attempt_partner(self._pool, state_hash=state_hash)
        return partner_id

    async def fail_proof(self, attempt: ConnectAttempt, problem: str) -> bool:
        """Break the connection because an attempt's token did not read Halo; one that works is left as it is.

        The tenant stays that of the last connection that worked: the links and what was read belong to it.
        False: a disconnect has ended the attempt meanwhile, and nothing was changed.
        """
        partner_id, state_hash = attempt.partner_id, attempt.state_hash
        await QUERIES.break_unproven(self._pool, partner_id=partner_id, state_hash=state_hash, problem=problem)
        return bool(await QUERIES.attempt_stands(self._pool, state_hash=state_hash))

    async def rate(self, partner_id: str) -> Rate | None:
        """Return the limit that the partner's settings give its tenant; None if they leave it to the processes."""
        row = await QUERIES.partner_rate(self._pool, partner_id=partner_id)
        return None if row is None else own_rate(row["rate_requests"], row["rate_window_s"])

    async def note_problem(self, partner_id: str, problem: str) -> None:
        """Keep why a partner is not connected; a connection that works is left as it is."""
        await QUERIES.note_problem(self._pool, partner_id=partner_id, problem=problem)

    async def read(self, partner_id: str) -> StoredConnection | None:
        """Return a partner's connection and tokens as they are now, without a lock; None if there never was one."""
        row = await QUERIES.connection_and_token(self._pool, partner_id=partner_id)
        return None if row is None else stored_connection(row, row if row["generation"] is not None else None)

    async def expiring(self, within_s: float) -> list[str]:
        """Return the connected partners whose access token expires within so many seconds, most urgent first."""
        return [row["partner_id"] async for row in QUERIES.expiring_partners(self._pool, within_s=within_s)]

    @asynccontextmanager
    async def lock(self, partner_id: str, *, wait: bool = True) -> AsyncIterator[LockedConnection | None]:
        """Lock a partner's connection; None if there is none, or, without `wait`, if somebody else holds it.

        Everything is committed when the block ends and nothing if it raises. There is one exception: tokens given to
        `replace_token` exist nowhere else, so if the database's connection is lost they are stored over a new one,
        and the block's end is silent about it. The rest of the block is skipped then.

        Raises:
            ConnectionChangedError: such a rescue found the connection ended or made anew.
            asyncpg.LockNotAvailableError: it is locked for longer than `LOCK_PATIENCE`.
        """
        locked: LockedConnection | None = None
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await QUERIES.wait_for_locks(connection, patience=LOCK_PATIENCE)
                lock = QUERIES.lock_connection if wait else QUERIES.lock_free_connection
                row = await lock(connection, partner_id=partner_id)
                if row is not None:
                    token = await QUERIES.lock_token(connection, partner_id=partner_id)
                    locked = LockedConnection(connection, partner_id, stored_connection(row, token))
                yield locked
        except CONNECTION_LOST as error:
            if locked is None or locked.rotated is None:
                raise
            log.warning("refreshed tokens are stored over a new connection", error=type(error).__name__)
            await self._rescue(locked, *locked.rotated)

    async def _rescue(self, locked: LockedConnection, spent: int, tokens: NewTokens) -> None:
        patiently = AsyncRetrying(
            retry=retry_if_exception_type((*CONNECTION_LOST, TimeoutError)),
            stop=stop_after_delay(RESCUE_S),
            wait=wait_exponential_jitter(multiplier=0.05, max=1.0, jitter=0.05),
            reraise=True,
        )
        locked.stored = await patiently(replace_token, self._pool, locked.partner_id, locked.stored, spent, tokens)
