"""A page of the Customers or the License tab: which rows of a long list it shows, and what stands in each.

How the list is looked at (filter, search, page) is in addresses, so that forms lead back to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic
from urllib.parse import parse_qsl, urlencode

from halosync.domain.names import name_key
from halosync.domain.natural_order import natural_key
from halosync.ports.links import Link, LinkPicture, Target

from report_api.links.entries import ListEntry, entries_of
from report_api.links.kind import LinkKind, LinkRow, Standing
from report_api.links.unmatched import UnmatchedView
from report_api.web.paging import page_of
from report_api.web.sorting import Sorts

PAGE = 25
"""Rows of a page. Suggestions for so many take about 0.15 s with 5,000 clients (`bench/links.py`)."""

_LISTED = 300
"""Licence names that a browser gets to choose from without a script; more would weigh more than the page."""

_LONGEST_SEARCH = 200


_PLACES: Mapping[Standing, int] = {standing: place for place, standing in enumerate(Standing)}

SORTS: Sorts[LinkRow[Any]] = Sorts(
    usual=lambda row: _PLACES[row.standing],
    by={
        "name": lambda row: natural_key(row.called),
        "state": lambda row: _PLACES[row.standing],
        # Rows that lead nowhere stand last.
        "target": lambda row: (row.target_name is None, natural_key(row.target_name or "")),
    },
    then=lambda row: (natural_key(row.called), row.key),
)


@dataclass(frozen=True, slots=True)
class View:
    """What a person looks at.

    Attributes:
        show: the rows of this standing; None: every row.
        sort: empty: those that need somebody first.
        from_unmatched: how all that is unmatched was looked at, if the person came from there: what is done leads back.
    """

    show: Standing | None = None
    q: str = ""
    page: int = 1
    sort: str = ""
    from_unmatched: UnmatchedView | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "View":
        """Return the view of an address. What cannot be read is left out: such an address was typed by hand."""
        show, sort = query.get("show"), query.get("sort", "")
        return cls(
            show=Standing(show) if show in {each.value for each in Standing} else None,
            q=query.get("q", "").replace("\0", "")[:_LONGEST_SEARCH].strip(),
            page=page_of(query.get("page", "")),
            sort=SORTS.or_usual(sort),
            from_unmatched=UnmatchedView.back(query.get("back", "")) if query.get("from_unmatched") else None,
        )

    @classmethod
    def back(cls, text: str) -> "View":
        """Return the view that a form's field `back` leads to."""
        return cls.of(dict(parse_qsl(text)))

    @property
    def query(self) -> dict[str, str]:
        """Return the view as a query, without what is usual."""
        page = str(self.page) if self.page > 1 else ""
        values = {"show": str(self.show or ""), "q": self.q, "sort": self.sort, "page": page}
        came_from = {} if self.from_unmatched is None else {"from_unmatched": "yes", "back": self.from_unmatched.text}
        return {name: value for name, value in (values | came_from).items() if value}

    @property
    def text(self) -> str:
        """Return the query as text, for the field `back`."""
        return urlencode(self.query)

    def at(self, page: int) -> str:
        """Return the address of another page of the list, relative to this one."""
        return f"?{replace(self, page=page).text}"

    def address(self, sort: str) -> str:
        """Return the address of another order of the list, relative to this one."""
        return f"?{replace(self, sort=sort, page=1).text}"

    def showing(self, show: Standing | None) -> str:
        """Return the address of another filter with the same search, relative to this one."""
        return f"?{replace(self, show=show, page=1).text}"

    def unsearched(self, *, show_all: bool = False) -> str:
        """Return the address without the search, and with `show_all` without the filter, relative to this one."""
        return f"?{replace(self, q='', show=None if show_all else self.show, page=1).text}"


@dataclass(frozen=True, slots=True)
class ShownRows(Generic[Link]):
    """A page of rows. `counts` are of all rows that the search finds; `page`, `pages` and `first` count from 1.

    `found` is how many rows the filter leaves, `first` the number among them of the first row of the page.
    """

    rows: Sequence[LinkRow[Link]]
    counts: Mapping[Standing, int]
    found: int
    first: int
    page: int
    pages: int

    @property
    def every(self) -> int:
        """Return how many rows there are in any standing."""
        return sum(self.counts.values())


def choose(rows: Iterable[LinkRow[Link]], view: View, size: int = PAGE) -> ShownRows[Link]:
    """Return the page of the rows that the view is of, in its order.

    A page beyond the last is the last: the row that was on it may just have been dealt with.
    """
    wanted = name_key(view.q)
    found: dict[Standing, list[LinkRow[Link]]] = {each: [] for each in Standing}
    for row in rows:
        if any(wanted in name_key(text or "") for text in (row.key, row.name, row.target_name)):
            found[row.standing].append(row)
    wanted_rows = (row for standing, some in found.items() if view.show in (None, standing) for row in some)
    chosen = SORTS.sorted(wanted_rows, view.sort)
    pages = max(1, -(-len(chosen) // size))
    page = min(max(view.page, 1), pages)
    return ShownRows(
        rows=chosen[(page - 1) * size : page * size],
        counts={standing: len(some) for standing, some in found.items()},
        found=len(chosen),
        first=(page - 1) * size + 1,
        page=page,
        pages=pages,
    )


@dataclass(frozen=True, slots=True)
class LinkTable(Generic[Link]):
    """A page of the tab.

    Attributes:
        shown: the rows that were chosen.
        entries: the same, with what stands in each.
        targets: how many clients, or licence names, the last read of Halo showed.
        listed: some of their names.
        read_at: when that was; None: never.
    """

    shown: ShownRows[Link]
    entries: Sequence[ListEntry[Link]]
    targets: int
    listed: Sequence[str]
    read_at: datetime | None


def link_table(kind: LinkKind[Link, Target], picture: LinkPicture[Link, Target], view: View) -> LinkTable[Link]:
    """Return the page that the view is of. Comparing thousands of names takes long: use a thread."""
    every = kind.rows(picture)
    shown = choose(every, view)
    names = [name for _, name in kind.candidates(picture)]
    entries = entries_of(kind, picture, every, shown.rows)
    return LinkTable(shown, entries, len(names), sorted(names, key=natural_key)[:_LISTED], picture.read_at)
