"""Pages by keyset: a cursor says behind which row the next page begins, so no row is shown twice or left out.

Never by offset: rows that are added meanwhile would shift every page (spec section 7).
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from report_api.problems import invalid
from report_api.texts import QueryText

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

    `key` is the type of what a row is sorted by; it must be a tuple that pydantic can write as JSON and read back.
    """

    def __init__(self, name: str, key: type[Key]) -> None:
        self._name = name
        self._adapter: TypeAdapter[tuple[str, Key]] = TypeAdapter(tuple[str, key])  # type: ignore[valid-type] - a value

    def cursor(self, key: Key) -> str:
        """Return the cursor behind the row with this key."""
        return base64.urlsafe_b64encode(self._adapter.dump_json((self._name, key))).decode().rstrip("=")

    def after(self, cursor: str | None) -> Key | None:
        """Return the key behind which the page begins; None begins at the start.

        Raises:
            Problem: 422, this is no cursor of this list.
        """
        if cursor is None:
            return None
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            name, key = self._adapter.validate_json(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (UnicodeEncodeError, binascii.Error, ValidationError):
            name, key = "", None
        if key is None or name != self._name:
            raise invalid("cursor", "is not a cursor of this list; leave it out to begin at the start")
        return key

    def split(
        self, rows: Sequence[Row], limit: int, key: Callable[[Row], Key]
    ) -> tuple[Sequence[Row], str | None]:
        """Cut `rows`, of which one more than `limit` was asked for, to a page and the cursor of the next."""
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], self.cursor(key(rows[limit - 1]))
