"""How the Customers and License tabs are looked at: filter, search, page; in addresses, so that forms lead back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import parse_qsl, urlencode

from report_api.links.list_page import Standing

_LONGEST_SEARCH = 200


class Suggestion(Protocol):
    """A suggestion of a row: the value of its tick box, and how well it fits."""

    @property
    def pair(self) -> str:
        """What the form sends."""

    @property
    def score(self) -> int:
        """From 0 to 100."""


def best_pair(suggested: Sequence[Suggestion]) -> str | None:
    """Return the pair of the suggestion that fits better than all others; None without one. The best come first."""
    if not suggested or (len(suggested) > 1 and suggested[1].score == suggested[0].score):
        return None
    return suggested[0].pair


@dataclass(frozen=True, slots=True)
class View:
    """What a person looks at. `show` None: every row."""

    show: Standing | None = None
    q: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "View":
        """Return the view of an address. What cannot be read is left out: such an address was typed by hand."""
        show, page = query.get("show"), query.get("page", "")
        return cls(
            show=Standing(show) if show in {each.value for each in Standing} else None,
            q=query.get("q", "").replace("\0", "")[:_LONGEST_SEARCH].strip(),
            page=int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1,
        )

    @classmethod
    def back(cls, text: str) -> "View":
        """Return the view that a form's field `back` leads to."""
        return cls.of(dict(parse_qsl(text)))

    @property
    def query(self) -> dict[str, str]:
        """Return the view as a query, without what is usual."""
        values = {"show": str(self.show or ""), "q": self.q, "page": str(self.page) if self.page > 1 else ""}
        return {name: value for name, value in values.items() if value}

    @property
    def text(self) -> str:
        """Return the query as text, for the field `back`."""
        return urlencode(self.query)

    def at(self, page: int) -> str:
        """Return the address of another page of the list, relative to this one."""
        return f"?{replace(self, page=page).text}"

    def showing(self, show: Standing | None) -> str:
        """Return the address of another filter with the same search, relative to this one."""
        return f"?{replace(self, show=show, page=1).text}"
