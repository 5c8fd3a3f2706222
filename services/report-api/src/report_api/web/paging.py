"""Pages by keyset: a cursor says behind which row the next page begins, so no row is shown twice or left out.

Never by offset: rows that are added meanwhile would shift every page (spec section 7).
"""

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from report_api.web.problems import invalid
from report_api.web.texts import QueryText

T = TypeVar("T")
Row = TypeVar("Row")
Key = TypeVar("Key")

MOST = 500
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items a page holds at most.")]
CursorText = Annotated[
    QueryText | None, Query(max_length=2000, description="The `next_cursor` of the page before; none for the first.")
]

BigInt = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
"""What fits Postgres' bigint: a forged cursor must not become a database error."""
Int = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
"""What fits Postgres' integer."""


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")


class Keyset(Generic[Key]):
    """The cursors of one list. A cursor of another list is refused.

    The adapter writes what a row is sorted by, and checks what comes back: anybody can make up a cursor.
    """

    def __init__(self, name: str, adapter: TypeAdapter[Key]) -> None:
        self._name = name
        self._adapter = adapter

    def cursor(self, key: Key) -> str:
        """Return the cursor behind the row with this key."""
        text = f"{self._name}:".encode() + self._adapter.dump_json(key)
        return base64.urlsafe_b64encode(text).decode().rstrip("=")

    def after(self, cursor: str | None) -> Key | None:
        """Return the key behind which the page begins; None begins at the start.

        Raises:
            Problem: 422, this is no cursor of this list.
        """
        if cursor is None:
            return None
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            name, _, key = base64.b64decode(padded, altchars=b"-_", validate=True).partition(b":")
            if name == self._name.encode():
                return self._adapter.validate_json(key)
        except (UnicodeEncodeError, binascii.Error, ValidationError):
            pass
        raise invalid("cursor", "is not a cursor of this list; leave it out to begin at the start")

    def split(self, rows: Sequence[Row], limit: int, key: Callable[[Row], Key]) -> tuple[Sequence[Row], str | None]:
        """Cut `rows`, of which one more than `limit` was asked for, to a page and the cursor of the next."""
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], self.cursor(key(rows[limit - 1]))


async def chunks(
    fetch: Callable[[Key | None, int], Awaitable[Sequence[Row]]], key: Callable[[Row], Key], size: int
) -> AsyncIterator[Sequence[Row]]:
    """Yield a whole list, `size` rows at a time; `fetch` takes the key behind which to begin and how many rows."""
    after: Key | None = None
    while rows := await fetch(after, size):
        yield rows
        if len(rows) < size:
            return
        after = key(rows[-1])
