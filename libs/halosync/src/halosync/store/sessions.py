"""Sessions of the portal: a browser that has signed in with an API key, or a person (docs/decisions/0012)."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import asdict, replace

from halosync.domain.acts import Act
from halosync.domain.roles import Principal, Role
from halosync.ports.sessions import Notice, PartnerHeader, Session
from halosync.store.audit import record
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES
from halosync.store.storable import storable

LIFETIME_S = 12 * 3600.0
"""A working day; then a person signs in again."""

IDLE_S = 2 * 3600.0
"""Unused for so long, a session ends: somebody has left the screen."""

_NOTE_EVERY_S = 60.0
"""How exactly it is known when a session was used; each note is a write."""

MOST_AT_ONCE = 50
"""Sessions of one key or person; with one more the oldest ends."""

MOST_NOTICES = 5
"""Of one session; with one more the oldest is forgotten."""

_NOTICE_CHARACTERS = 1000

_TOKEN_BYTES = 32


class SessionStore:
    """The portal's sessions in Postgres. A session is known by its token, which is in the browser's cookie alone.

    Arguments and errors: the Protocol `report_api.stores.access.Sessions`.
    """

    def __init__(self, pool: Pool, *, lifetime_s: float = LIFETIME_S, idle_s: float = IDLE_S) -> None:
        self._pool = pool
        self._lifetime_s = lifetime_s
        self._idle_s = idle_s

    async def open(self, principal: Principal) -> str:
        """Open a session for the owner of a key, or a person, and return its new token."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        partners = list(principal.access)
        acts_for = partners[0] if len(partners) == 1 else None
        owner = {"key_id": principal.key_id, "email": principal.name if principal.key_id is None else None}
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.forget_old_sessions(connection)
            await QUERIES.open_session(
                connection,
                token_hash=_hash(token),
                **owner,
                acts_for=acts_for,
                lifetime_s=self._lifetime_s,
            )
            await QUERIES.forget_surplus_sessions(connection, **owner, most=MOST_AT_ONCE)
            await _record(connection, principal, Act.SIGNED_IN, acts_for)
        return token

    async def find(self, token: str, *, in_use: bool = True, at: str | None = None) -> Session | None:
        """Return the session of a token; None if there is none, it has expired, or who opened it may enter no more."""
        row = await QUERIES.find_session(
            self._pool, token_hash=_hash(token), at=at, idle_s=self._idle_s, note_every_s=_NOTE_EVERY_S
        )
        if row is None:
            return None
        if row["to_note"] and in_use:
            await QUERIES.note_session_seen(self._pool, token_hash=_hash(token))
        access = {partner_id: Role(role) for partner_id, role in row["access"]}
        principal = Principal(row["name"], access, row["key_id"])
        acts_for = row["acts_for"] if principal.role_at(row["acts_for"]) else None
        may_enter = row["header"] is not None and principal.role_at(at) is not None
        header = PartnerHeader(**row["header"]) if may_enter else None
        return Session(principal, acts_for, [Notice(**notice) for notice in row["notices"]], header)

    async def is_open(self, token: str, acts_for: str) -> bool:
        """Tell whether a session is still in use, acts for this partner and may; asking does not count as use."""
        row = await QUERIES.session_is_open(self._pool, token_hash=_hash(token), acts_for=acts_for, idle_s=self._idle_s)
        return row is not None

    async def act_for(self, token: str, session: Session, partner_id: str) -> None:
        """Let a session act for a partner from now on; going on for the same one is no change."""
        if session.acts_for == partner_id:
            return
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.act_for(connection, token_hash=_hash(token), partner_id=partner_id)
            await record(connection, session.actor, Act.ACTS_FOR, partner_id=partner_id, subject=partner_id)

    async def add_notice(self, token: str, notice: Notice) -> None:
        """Keep a notice for the next page of the session; it may quote whatever somebody has typed."""
        text = notice.text if len(notice.text) <= _NOTICE_CHARACTERS else f"{notice.text[:_NOTICE_CHARACTERS]}…"
        kept = [storable(_stored(replace(notice, text=text)))]
        await QUERIES.add_notice(self._pool, token_hash=_hash(token), notice=kept, most=MOST_NOTICES)

    async def drop_notices(self, token: str, notices: Sequence[Notice]) -> None:
        """Forget notices that a page has shown."""
        shown = [_stored(notice) for notice in notices]
        await QUERIES.clear_notices(self._pool, token_hash=_hash(token), shown=shown)

    async def close(self, token: str, session: Session) -> None:
        """End a session. Ending one that has ended does nothing."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await QUERIES.close_session(connection, token_hash=_hash(token)) is not None:
                await _record(connection, session.principal, Act.SIGNED_OUT, session.acts_for)

    async def header(self, partner_id: str) -> PartnerHeader | None:
        """Return what every page of a partner shows; None if there is no such partner."""
        row = await QUERIES.partner_header(self._pool, partner_id=partner_id)
        return None if row is None else PartnerHeader(**row)


def _stored(notice: Notice) -> dict[str, object]:
    if not notice.undo_path:
        return {"kind": notice.kind, "text": notice.text}
    return asdict(replace(notice, undo_fields=[list(each) for each in notice.undo_fields]))


async def _record(connection: Connection, principal: Principal, act: Act, partner_id: str | None) -> None:
    subject = str(principal.key_id or principal.name)
    await record(connection, principal.actor, act, partner_id=partner_id, subject=subject)


def _hash(token: str) -> bytes:
    """Hash a token for keeping and looking up; as random as a key, so a fast hash is right (`halosync.store.keys`)."""
    return hashlib.sha256(token.encode()).digest()
