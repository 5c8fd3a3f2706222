"""A partner's connection to Halo while it is locked.

Nothing here begins or ends a transaction: `ConnectionStore.lock` does.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

import asyncpg

from halosync.contracts.connection import ConnectionEstablished, ConnectionLost
from halosync.domain.acts import HALO, Act, Actor
from halosync.ports.connections import (
    ConnectAttempt,
    ConnectionChangedError,
    NewTokens,
    StoredConnection,
    StoredToken,
    TenantTakenError,
)
from halosync.store.audit import record
from halosync.store.outbox import emit
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES


class LockedConnection:
    """A partner's connection while it is locked; what is changed is committed when the `lock` is left.

    Arguments and errors: the Protocol `auth.ports.Locked`.
    """

    def __init__(self, connection: Connection, partner_id: str, stored: StoredConnection) -> None:
        self._connection = connection
        self.partner_id = partner_id
        self.stored = stored
        self.rotated: tuple[int, NewTokens] | None = None

    async def establish(
        self,
        attempt: ConnectAttempt,
        tokens: NewTokens,
        granted_scopes: Sequence[str],
        *,
        names: Sequence[str],
        by: Actor,
    ) -> None:
        """Store the tokens of a completed attempt and tell the world. `names` are as for `add_attempt`."""
        connection, partner_id, tenant = self._connection, self.partner_id, attempt.tenant
        if not await QUERIES.attempt_stands(connection, state_hash=attempt.state_hash):
            raise ConnectionChangedError(partner_id)
        await QUERIES.lock_tenant(connection, names=list(names))
        if await QUERIES.tenant_taken(connection, partner_id=partner_id, names=list(names)):
            raise TenantTakenError(tenant)
        await QUERIES.put_first_token(connection, partner_id=partner_id, **_columns(tokens))
        connected_at = await QUERIES.establish_connection(
            connection,
            partner_id=partner_id,
            tenant=tenant,
            client_id=attempt.client_id,
            halo_tenant=attempt.halo_tenant,
            granted_scopes=list(granted_scopes),
        )
        same = await QUERIES.is_same_halo(connection, one=self.stored.tenant, two=tenant)
        replaces = None if same else self.stored.tenant
        if replaces is not None:
            # A link that is just being made is waited for, or else it would survive and mean another Halo's client.
            # The order is the same everywhere: first the connection's row, then this lock. Whoever changes links takes
            # this one alone and never the row behind it, so the two cannot wait for each other.
            await QUERIES.one_change_at_a_time(connection, partner_id=partner_id)
            await QUERIES.unlink_clients(connection, partner_id=partner_id)
            await QUERIES.forget_snapshot(connection, partner_id=partner_id)
            await QUERIES.forget_known(connection, partner_id=partner_id)
        event = ConnectionEstablished(
            partner_id=partner_id, tenant=tenant, granted_scopes=list(granted_scopes), connected_at=connected_at
        )
        await emit(connection, event)
        detail = {"client_id": attempt.client_id, "replaces": replaces}
        await record(connection, by, Act.CONNECTION_ESTABLISHED, partner_id=partner_id, subject=tenant, detail=detail)

    async def replace_token(self, spent: int, tokens: NewTokens) -> None:
        """Store refreshed tokens in place of the generation that was spent for them."""
        self.rotated = (spent, tokens)
        self.stored = await replace_token(self._connection, self.partner_id, self.stored, spent, tokens)

    async def lose(self, problem: str) -> None:
        """Break the connection because Halo refused its refresh token, and tell the world."""
        await QUERIES.delete_token(self._connection, partner_id=self.partner_id)
        at = await QUERIES.break_connection(self._connection, partner_id=self.partner_id, problem=problem)
        await self._tell_lost("invalid_grant", problem, at)
        await self._record(HALO, Act.CONNECTION_LOST)

    async def end(self, problem: str, *, by: Actor) -> None:
        """Erase tokens, end attempts; tell the world if it was connected."""
        await QUERIES.delete_token(self._connection, partner_id=self.partner_id)
        await QUERIES.end_attempts(self._connection, partner_id=self.partner_id)
        at = await QUERIES.end_connection(self._connection, partner_id=self.partner_id)
        if self.stored.state == "connected":
            await self._tell_lost("disconnected", problem, at)
        if self.stored.state != "disconnected":
            await self._record(by, Act.CONNECTION_ENDED)

    async def _record(self, by: Actor, act: Act) -> None:
        tenant = self.stored.tenant or ""
        await record(self._connection, by, act, partner_id=self.partner_id, subject=tenant)

    async def _tell_lost(self, reason: Literal["disconnected", "invalid_grant"], problem: str, at: datetime) -> None:
        await emit(
            self._connection,
            ConnectionLost(
                partner_id=self.partner_id, tenant=self.stored.tenant, reason=reason, problem=problem, lost_at=at
            ),
        )


async def replace_token(
    connection: "Connection | Pool", partner_id: str, was: StoredConnection, spent: int, tokens: NewTokens
) -> StoredConnection:
    """Store refreshed tokens; safe to repeat. See `LockedConnection.replace_token`."""
    row = await QUERIES.replace_token(connection, partner_id=partner_id, spent=spent, **_columns(tokens))
    if row is None:
        raise ConnectionChangedError(partner_id)
    return replace(was, token=StoredToken(**row))


def _columns(tokens: NewTokens) -> dict[str, object]:
    return {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "lifetime_s": tokens.lifetime_s,
    }


def stored_connection(row: asyncpg.Record, token: asyncpg.Record | None) -> StoredConnection:
    """Make a connection from a row and, if there are tokens, the row that has them."""
    names = StoredToken.__dataclass_fields__
    kept = None if token is None else StoredToken(**{name: token[name] for name in names})
    return StoredConnection(row["state"], row["tenant"], row["client_id"], kept, row["halo_tenant"])
