"""Lists by pages, with Halo's oddities (halo-api section 2)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from halo_sandbox.exchange import RefusedError
from halo_sandbox.faults import Hit
from halo_sandbox.settings import TenantSettings

DEFAULT_ROWS = 50


class PageQuery(NamedTuple):
    """The part of a list that is asked for."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """The position of the page's first row."""
        return (self.number - 1) * self.size


class Page(NamedTuple):
    """The ids of one page, and how many rows the list says it has."""

    ids: Sequence[int]
    record_count: int


def page_query(query: Mapping[str, str], habits: TenantSettings) -> PageQuery:
    """Read the paging parameters: without `pageinate=true` they are silently ignored.

    Args:
        query: The parameters of the request.
        habits: How this Halo pages.

    Raises:
        RefusedError: 400 for numbers that are none, for pages that this Halo finds too large, and for `count` together
            with paging: what Halo makes of it is not known, so it must never be sent.
    """
    if query.get("pageinate", "").lower() != "true":
        return PageQuery(1, positive(query, "count", DEFAULT_ROWS))
    if "count" in query:
        raise RefusedError(400, {"count": ["count and pageinate cannot be sent together."]})
    size = positive(query, "page_size", DEFAULT_ROWS)
    if habits.refused_page_size is not None and size >= habits.refused_page_size:
        raise RefusedError(400, {"page_size": [f"The value '{size}' is too large."]})
    return PageQuery(positive(query, "page_no", 1), min(size, habits.page_cap or size))


def positive(query: Mapping[str, str], name: str, default: int) -> int:
    """A whole number from 1.

    Raises:
        RefusedError: 400 for anything else.
    """
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise RefusedError(400, {name: [f"The value '{text}' is not valid."]})
    return int(text)


def whole(query: Mapping[str, str], name: str) -> int | None:
    """A whole number that may be negative, None when it is not sent.

    Raises:
        RefusedError: 400 for anything else.
    """
    text = query.get(name)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise RefusedError(400, {name: [f"The value '{text}' is not valid."]}) from error


def cut(ids: Sequence[int], page: PageQuery, hit: Hit, habits: TenantSettings, *, ignores_number: bool) -> Page:
    """Take one page from a list, with the Halo's habits, spoilt by the fault that the request met."""
    action = hit.action
    if action.empty_list:
        return Page((), 0)
    if ignores_number:
        page = page._replace(number=1)
    elif habits.shows_last_page_again:
        page = page._replace(number=min(page.number, max(-(-len(ids) // page.size), 1)))
    offset = page.offset
    if action.shift_pages and page.number > 1:
        offset += -1 if action.shift_pages == "repeat" else 1
    rows = ids[offset : offset + page.size]
    if action.short_list:
        rows = rows[: -action.short_list]
    counted = len(rows) if habits.record_counts == "page" else len(ids)
    return Page(rows, max(0, counted + action.changing_count * hit.time))
