"""What a page teaches of the size to ask for, beside what other runs of the tenant have learnt meanwhile."""

from collections.abc import Callable
from typing import TypeVar

from halosync.domain.completeness import Pages
from halosync.domain.page_size import PageSize, PageSizeBounds
from planner.page_sizing import PageSizing
from simulation.database import Database
from simulation.reads import MemoryPageSizes

T = TypeVar("T")
BOUNDS = PageSizeBounds(100, 1000, 10.0)
BEFORE, AFTER = Pages(size=200), Pages(size=200, next=2, rows=200, record_count=5000, fullest=200)


async def at_once(effect: Callable[[], T], /) -> T:
    return effect()


async def test_a_quick_page_does_not_forget_what_a_failure_taught_another_run() -> None:
    sizes = MemoryPageSizes(Database(), at_once)
    sizing = PageSizing(sizes, BOUNDS)
    known = await sizing.known("acme", "licences")
    taught = PageSize(100, 100)
    await sizes.learn("acme", "licences", taught)
    learnt = await sizing.came("acme", "licences", known, BEFORE, AFTER, received=200, took_s=0.1)
    assert learnt == taught == await sizing.known("acme", "licences")
