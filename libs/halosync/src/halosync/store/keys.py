"""API keys. A key belongs to one partner, or is an operator's (spec section 7)."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from halosync.domain.acts import Act, Actor
from halosync.store.audit import record
from halosync.store.partners import UnknownPartnerError
from halosync.store.queries import QUERIES

_PREFIX = "hs_"
"""Lets people and secret scanners recognise a key."""

_RANDOM_BYTES = 32

_NOTE_EVERY_S = 300.0
"""How exactly the last use of a key is known; each note is a write."""


class KeyExistsError(RuntimeError):
    """There is a key of that id already."""


@dataclass(frozen=True)
class CreatedKey:
    """A new key. `api_key` is shown once and kept nowhere, and no traceback shows it."""

    key_id: UUID
    api_key: str = field(repr=False)


@dataclass(frozen=True)
class Principal:
    """Who a key stands for; `partner_id` None is an operator."""

    key_id: UUID
    partner_id: str | None
    name: str

    @property
    def actor(self) -> Actor:
        """Who it is in the audit log; a key without a name is called by its id."""
        return Actor(self.name or str(self.key_id), self.key_id, is_operator=self.partner_id is None)


@dataclass(frozen=True)
class KeyRecord:
    """What is kept of a key: never the key itself. `revoked_at` None means that it is in use.

    `last_used_at` is exact to a few minutes; None: not yet, or not since it is noted.
    """

    key_id: UUID
    partner_id: str | None
    name: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class KeyStore:
    """The API keys in Postgres."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def create(self, partner_id: str | None, name: str, *, by: Actor, key_id: UUID | None = None) -> CreatedKey:
        """Create a key of a partner, or an operator's when `partner_id` is None.

        Args:
            partner_id: whose key.
            name: what it is for.
            by: who creates it.
            key_id: the id it is to have, so that who asks twice gets one key; None for a new one.

        Raises:
            UnknownPartnerError: there is no such partner.
            KeyExistsError: there is a key of that id.
        """
        key_id = key_id or uuid4()
        api_key = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                created = await QUERIES.create_key(
                    connection, key_id=key_id, partner_id=partner_id, name=name, key_hash=_hash(api_key)
                )
                if created is None:
                    raise KeyExistsError(str(key_id))
                await record(
                    connection,
                    by,
                    Act.KEY_CREATED,
                    partner_id=partner_id,
                    subject=str(key_id),
                    detail={"name": name},
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
        return Principal(row["key_id"], row["partner_id"], row["name"])

    async def in_use(self, key_id: UUID) -> bool:
        """Tell whether a key still serves, for who goes on answering it."""
        return bool(await QUERIES.key_in_use(self._pool, key_id=key_id))

    async def list(self, partner_id: str | None = None) -> Sequence[KeyRecord]:
        """Return the keys of a partner, or all of them with the operators', revoked ones too."""
        return [KeyRecord(**row) async for row in QUERIES.list_keys(self._pool, partner_id=partner_id)]

    async def revoke(self, key_id: UUID, *, by: Actor, owner: str | None = None) -> bool:
        """End the use of a key at once; False if there is no such key in use.

        Args:
            key_id: which key.
            by: who revokes it.
            owner: the partner whose key it must be; None for any key, operators' too.
        """
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


def _hash(api_key: str) -> bytes:
    """Hash a key for keeping and looking up.

    A fast hash is right here: a key is 256 random bits, which nobody can guess however fast the guesses are. Slow
    hashes are for passwords, and salts would keep us from finding a key by its hash.
    """
    return hashlib.sha256(api_key.encode()).digest()
