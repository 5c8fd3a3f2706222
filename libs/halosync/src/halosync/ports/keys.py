"""API keys as their owners see them: never the key itself, but once."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from halosync.domain.roles import Role

MOST_IN_USE = 50
"""Of one partner's keys (spec section 10)."""


class KeyExistsError(RuntimeError):
    """There is a key of that id already."""


class TooManyKeysError(RuntimeError):
    """The partner has as many keys in use as it may have."""


@dataclass(frozen=True)
class CreatedKey:
    """A new key. `api_key` is shown once and kept nowhere, and no traceback shows it."""

    key_id: UUID
    api_key: str = field(repr=False)


@dataclass(frozen=True)
class KeyRecord:
    """What is kept of a key: never the key itself. `revoked_at` None means that it is in use.

    `last_used_at` is exact to a few minutes; None: not yet, or not since it is noted.
    """

    key_id: UUID
    partner_id: str | None
    name: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
