"""Pages of long lists: by keyset for the API, by number for the portal.

By keyset, a cursor says behind which row the next page begins. So no row is shown twice or left out when rows are added
meanwhile (spec section 7). By number, a page can be linked, loaded again and gone back to.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeVar
from urllib.parse import urlencode

from fastapi import Query
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from report_api.web.fields import QueryText
from report_api.web.forms import LIST_QUERY
from report_api.web.problems import invalid

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


PageNumber = Annotated[int, Query(alias="page", ge=1, le=1_000_000, description="Counted from 1.")]


def page_of(text: str) -> int:
    """Return the page of an address; the first if that cannot be read: such an address was typed by hand."""
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 7 else 1


Rows = Annotated[Literal["50", "200", ""], Query(description="How many rows a page has.")]
"""How many rows a person wants on a page; empty: `ROWS`."""

ROWS = 50
_LOOKS = {"rows", "sort", "customers_sort", "products_sort", LIST_QUERY}
"""Parts of an address that narrow nothing."""


def rows_of(rows: Rows) -> int:
    """Return how many rows a page has."""
    return int(rows or ROWS)


@dataclass(frozen=True)
class NumberedPage:
    """One page of a list.

    Attributes:
        path: the address of the list without its query.
        filters: what narrows the list; None and "" narrow nothing and are left out of addresses.
        requested: the page that was asked for; one behind the end shows the last.
        size: how many rows a page has at most.
        total: how many rows there are in all.
        parameter: what carries the page's number in the address; another than "page" where a page has several lists.
    """

    path: str
    filters: Mapping[str, str | None]
    requested: int
    size: int
    total: int
    parameter: str = "page"

    @classmethod
    def whole(cls, path: str, filters: Mapping[str, str | None], total: int) -> "NumberedPage":
        """Return the one page of a list that is always shown whole."""
        return cls(path, filters, 1, max(total, 1), total)

    @property
    def pages(self) -> int:
        """How many pages there are: one at least, though it be empty."""
        return max(-(-self.total // self.size), 1)

    @property
    def number(self) -> int:
        """The page that is shown."""
        return min(self.requested, self.pages)

    @property
    def skip(self) -> int:
        """How many rows are before the page."""
        return (self.number - 1) * self.size

    @property
    def first(self) -> int:
        """The number of the first row of the page, counted from 1; 0 when there is none."""
        return self.skip + 1 if self.total else 0

    @property
    def last(self) -> int:
        """The number of the last row of the page."""
        return min(self.skip + self.size, self.total)

    @property
    def narrowed(self) -> bool:
        """Tell whether any filter is set."""
        return any(value for name, value in self.filters.items() if name not in _LOOKS)

    @property
    def list_query(self) -> str:
        """The query of the page that is shown, for the forms on it: they lead back to it (`web/forms.py`)."""
        return self.url(self.number).partition("?")[2]

    def url(self, page: int = 1, **changed: str | None) -> str:
        """Return the address of a page, with some filters changed."""
        query = {name: value for name, value in {**self.filters, **changed}.items() if value}
        if page > 1:
            query[self.parameter] = str(page)
        return f"{self.path}?{urlencode(query)}" if query else self.path
