"""How many rows a page is asked to have: more where Halo gives them quickly, fewer where it does not (spec section 9).

Fewer requests are spent on a list where Halo gives larger pages; one that cuts, refuses or takes long is asked for
less, and that is remembered for the tenant.
"""

from dataclasses import dataclass

from halosync.domain.completeness import Pages

GROWTH = 4
"""A size that worked is tried so many times larger, once at least as many of its pages are still to come."""

SMALLEST = 10
"""A page of so few rows is not what overburdens a Halo."""


@dataclass(frozen=True, slots=True)
class PageSize:
    """What was learnt of a tenant's list: how many rows to ask for, and more than how many is of no use, if known."""

    rows: int
    ceiling: int | None = None


@dataclass(frozen=True, slots=True)
class PageSizeBounds:
    """The settings: where it starts, what it may become, and after how many seconds a page counts as slow."""

    start: int
    most: int
    slow_s: float


def first_size(learnt: PageSize | None, bounds: PageSizeBounds) -> PageSize:
    """Return what to go by; a setting that was lowered since wins over what was learnt."""
    return PageSize(bounds.start) if learnt is None else PageSize(min(learnt.rows, bounds.most), learnt.ceiling)


def fitted(pages: Pages, size: PageSize) -> Pages:
    """Return the pages of a list that is being read with the learnt size, where changing it now is possible and pays.

    A list whose count lied, or that ignores the number of the page, goes on as it began.
    """
    if not pages.resizable or size.rows == pages.size:
        return pages
    if size.rows > pages.size and not _pays(pages):
        return pages
    return pages.resized(size.rows)


def after_answer(
    size: PageSize, before: Pages, after: Pages, *, received: int, took_s: float, bounds: PageSizeBounds
) -> PageSize:
    """Return what is learnt from a page that came.

    Args:
        size: what was known.
        before: the pages as they were when it was asked for.
        after: as they are with it.
        received: its rows.
        took_s: how long it took, in seconds.
        bounds: the settings.
    """
    if took_s > bounds.slow_s and before.size > bounds.start:
        return _less(before.size, bounds.start)
    if not after.resizable:
        return size  # a last page is short for another reason
    if 0 < received < before.size:
        return PageSize(received, received)
    most = bounds.most if size.ceiling is None else min(bounds.most, size.ceiling)
    if took_s * GROWTH < bounds.slow_s and before.size < most and _pays(after):
        return PageSize(min(before.size * GROWTH, most), size.ceiling)
    return size


def after_failure(asked: int, bounds: PageSizeBounds) -> PageSize:
    """Return what is learnt when a page of `asked` rows failed for what may be its size."""
    return _less(asked, bounds.start if asked > bounds.start else min(SMALLEST, asked))


def _less(asked: int, least: int) -> PageSize:
    size = max(asked // 2, least)
    return PageSize(size, size)


def _pays(pages: Pages) -> bool:
    return pages.record_count is not None and pages.record_count - pages.rows >= GROWTH * pages.size
