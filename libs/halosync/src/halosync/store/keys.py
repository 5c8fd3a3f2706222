"""API keys. A key belongs to one partner, or is an operator's (spec section 7)."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import asyncpg

from halosync.domain.acts import Act, Actor
from halosync.domain.roles import Principal, Role
from halosync.ports.keys import MOST_IN_USE, CreatedKey, KeyExistsError, KeyRecord, TooManyKeysError
from halosync.ports.partners import UnknownPartnerError
from halosync.store.audit import record
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES

_PREFIX = "hs_"
"""Lets people and secret scanners recognise a key."""

_RANDOM_BYTES = 32


_NOTE_EVERY_S = 300.0
"""How exactly the last use of a key is known; each note is a write."""


class KeyStore:
    """The API keys in Postgres. Arguments and errors: the Protocol `report_api.stores.access.Keys`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create(
        self, partner_id: str | None, name: str, *, by: Actor, role: Role = Role.ADMIN, key_id: UUID | None = None
    ) -> CreatedKey:
        """Create a key of a partner, or an operator's when `partner_id` is None.

        Arguments and errors: the Protocol in `report_api.stores`.
        """
        key_id = key_id or uuid4()
        api_key = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                if partner_id is not None:  # one after the other, so that many at once cannot pass the bound together
                    await QUERIES.one_change_at_a_time(connection, partner_id=partner_id)
                created = await QUERIES.create_key(
                    connection, key_id=key_id, partner_id=partner_id, name=name, role=role, key_hash=_hash(api_key)
                )
                if created is None:
                    raise KeyExistsError(str(key_id))
                if partner_id is not None and await _in_use(connection, partner_id) > MOST_IN_USE:
                    raise TooManyKeysError(
                        f"{partner_id} has {MOST_IN_USE} keys in use, the most there may be: revoke one first"
                    )
                await record(
                    connection,
                    by,
                    Act.KEY_CREATED,
                    partner_id=partner_id,
                    subject=str(key_id),
                    detail={"name": name, "role": role},
                )
        except asyncpg.ForeignKeyViolationError:
            raise UnknownPartnerError(partner_id or "") from None
        return CreatedKey(key_id, api_key)

    async def authenticate(self, api_key: str) -> Principal | None:
        """Return who the key stands for; None if it is unknown or revoked."""
        row = await QUERIES.find_key(self._pool, key_hash=_hash(api_key), note_every_s=_NOTE_EVERY_S)
        if row is None:
            return None
        if row["to_note"]:
            await QUERIES.note_key_used(self._pool, key_id=row["key_id"])
        return Principal(row["name"], {row["partner_id"]: Role(row["role"])}, row["key_id"])

    async def in_use(self, key_id: UUID | None) -> bool:
        """Tell whether a key still serves, for who goes on answering it; None is no key."""
        return bool(await QUERIES.key_in_use(self._pool, key_id=key_id))

    async def list(self, partner_id: str | None = None) -> Sequence[KeyRecord]:
        """Return the keys of a partner, or all of them with the operators', revoked ones too."""
        return [_record_of(row) async for row in QUERIES.list_keys(self._pool, partner_id=partner_id)]

    async def page(
        self, partner_id: str, *, after: tuple[datetime, UUID] | None = None, most: int = 100
    ) -> Sequence[KeyRecord]:
        """Return a partner's keys, oldest first, revoked ones too, at most `most`."""
        at, key_id = after or (None, None)
        rows = QUERIES.page_of_keys(self._pool, partner_id=partner_id, after_at=at, after_id=key_id, most=most)
        return [_record_of(row) async for row in rows]

    async def number_in_use(self, partner_id: str) -> int:
        """Count the keys of a partner that are in use."""
        return await _in_use(self._pool, partner_id)

    async def get(self, key_id: UUID, partner_id: str) -> KeyRecord | None:
        """Return a key of a partner, also a revoked one; None if there is none of that id."""
        row = await QUERIES.key_of_partner(self._pool, key_id=key_id, partner_id=partner_id)
        return None if row is None else _record_of(row)

    async def revoke(self, key_id: UUID, *, by: Actor, owner: str | None = None) -> bool:
        """End the use of a key at once; False if there is no such key in use."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await QUERIES.revoke_key(connection, key_id=key_id, owner=owner)
            if row is None:
                return False
            await record(
                connection,
                by,
                Act.KEY_REVOKED,
                partner_id=row["partner_id"],
                subject=str(key_id),
                detail={"name": row["name"]},
            )
            return True


async def _in_use(connection: "Connection | Pool", partner_id: str) -> int:
    return int(await QUERIES.keys_in_use(connection, partner_id=partner_id))


def _record_of(row: asyncpg.Record) -> KeyRecord:
    return KeyRecord(**{**row, "role": Role(row["role"])})


def _hash(api_key: str) -> bytes:
    """Hash a key for keeping and looking up.

    A fast hash is right here: a key is 256 random bits, which nobody can guess however fast the guesses are. Slow
    hashes are for passwords, and salts would keep us from finding a key by its hash.
    """
    return hashlib.sha256(api_key.encode()).digest()
