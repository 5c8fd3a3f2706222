"""What nobody could process, kept with its reason until an operator replays or discards it (spec section 5.7)."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from halosync.store.pool import Pool
from halosync.store.queries import QUERIES
from halosync.store.storable import storable, storable_text

LetterState = Literal["kept", "replayed", "discarded"]

MOST_BODY_BYTES = 28 * 1024**2
"""No message of ours, and no event that is taken in, is larger; of a larger one only the beginning is kept."""

MOST_KEPT_BYTES = 1024**3
"""How many bytes all bodies may take together; beyond that only the beginning of each new one is kept."""

BEGINNING_BYTES = 64 * 1024

A_PAGE = 1000
"""How many dead letters are listed at a time."""


@dataclass(frozen=True)
class DeadLetter:
    """A dead letter without its contents.

    Attributes:
        closed_at: when it left `kept`.
        size: that of the whole body in bytes.
        is_cut: only the beginning of the body was kept.
    """

    dead_letter_id: int
    queue: str
    message_type: str
    reason: str
    first_seen: datetime
    last_seen: datetime
    times_seen: int
    state: LetterState
    closed_at: datetime | None
    size: int
    is_cut: bool


@dataclass(frozen=True)
class OpenedLetter(DeadLetter):
    """A dead letter with its contents."""

    body: bytes = field(repr=False)
    headers: dict[str, object]


@dataclass(frozen=True)
class Cause:
    """Dead letters of one queue with one cause: their reason with ids and numbers blanked."""

    queue: str
    cause: str
    letters: int
    times_seen: int
    first_seen: datetime
    last_seen: datetime
    newest_id: int


@dataclass(frozen=True)
class Selection:
    """Which dead letters are meant; None does not restrict.

    `reason` is a piece of the reason in any case of letters; `#` in it stands for any text, so that a cause can be
    given as it was shown.
    """

    state: LetterState | None = "kept"
    queue: str | None = None
    reason: str | None = None

    def parameters(self) -> dict[str, str | None]:
        """Return what the queries take."""
        return {"state": self.state, "queue": self.queue, "reason_like": self._reason_like()}

    def _reason_like(self) -> str | None:
        if self.reason is None:
            return None
        literal = self.reason.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"%{literal.replace('#', '%')}%"


KEPT = Selection()
"""All that wait for an operator."""


class DeadLetterStore:
    """The dead letters in Postgres."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(
        self, *, queue: str, message_type: str, reason: str, body: bytes, headers: Mapping[str, object]
    ) -> int:
        """Keep a message that nobody could process, and return its number.

        The same body from the same queue is one dead letter, seen once more. What Postgres cannot hold in the
        texts and the headers is replaced; the body is kept byte by byte, unless it is too large.
        """
        cut = len(body) > BEGINNING_BYTES and (
            len(body) > MOST_BODY_BYTES
            or await QUERIES.kept_dead_letter_bytes(self._pool) + len(body) > MOST_KEPT_BYTES
        )
        number: int = await QUERIES.keep_dead_letter(
            self._pool,
            queue=storable_text(queue),
            message_type=storable_text(message_type),
            reason=storable_text(reason),
            body=body[:BEGINNING_BYTES] if cut else body,
            whole_size=len(body) if cut else None,
            body_hash=hashlib.sha256(body).digest(),
            headers=storable(headers),
        )
        return number

    async def list(self, selection: Selection = KEPT, *, after: int = 0, most: int = A_PAGE) -> Sequence[DeadLetter]:
        """Return a page of the dead letters that are meant, those behind a number, oldest first, without contents."""
        rows = QUERIES.list_dead_letters(self._pool, after=after, most=most, **selection.parameters())
        return [DeadLetter(**row) async for row in rows]

    async def numbers(self, selection: Selection = KEPT) -> Sequence[int]:
        """Return the numbers of all dead letters that are meant, oldest first."""
        rows = QUERIES.dead_letter_numbers(self._pool, **selection.parameters())
        return [row["dead_letter_id"] async for row in rows]

    async def known(self, dead_letter_ids: Sequence[int]) -> frozenset[int]:
        """Return which of these numbers there are."""
        rows = QUERIES.known_dead_letters(self._pool, dead_letter_ids=dead_letter_ids)
        return frozenset([row["dead_letter_id"] async for row in rows])

    async def groups(self, selection: Selection = KEPT) -> Sequence[Cause]:
        """Return what is wrong and how often, the most frequent cause first."""
        return [Cause(**row) async for row in QUERIES.group_dead_letters(self._pool, **selection.parameters())]

    async def show(self, dead_letter_id: int) -> OpenedLetter | None:
        """Return a dead letter with its contents; None if there is none of that number."""
        row = await QUERIES.dead_letter(self._pool, dead_letter_id=dead_letter_id)
        return None if row is None else OpenedLetter(**row)

    async def replay(self, dead_letter_id: int, publish: Callable[[OpenedLetter], Awaitable[None]]) -> bool:
        """Publish a kept dead letter and then mark it; False if it is no longer kept or somebody replays it now.

        The row is locked while `publish` waits for the broker's confirmation, so of two replays one publishes. When
        `publish` raises, the dead letter stays kept. A crash after the confirmation leaves it kept as well: the
        message is then in its queue and can be replayed again, which every consumer bears.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await QUERIES.lock_dead_letter(connection, dead_letter_id=dead_letter_id)
            if row is None:
                return False
            await publish(OpenedLetter(**row))
            await QUERIES.close_replayed(connection, dead_letter_id=dead_letter_id)
            return True

    async def discard(self, dead_letter_ids: Sequence[int]) -> int:
        """Give up kept dead letters; return how many were. Their rows stay."""
        number: int = await QUERIES.discard_dead_letters(self._pool, dead_letter_ids=dead_letter_ids)
        return number
