"""The next page of Halo is asked for while the one that came is kept; one at a time, and each only once."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, TypeVar, cast
from uuid import UUID

import pytest
from halosync.domain.completeness import IncompleteReadError
from halosync.domain.model import Client, Licence, SeenLicence
from halosync.domain.page_size import PageSizeBounds
from halosync.domain.retry import FailureClass
from halosync.ports.failures import HaloFailure
from halosync.ports.permits import Rate
from halosync.ports.reads import HaloPage
from halosync.runtime.read_access import Caller, ReadAccess
from planner.halo_read import TURN_S, HaloRead
from planner.page_sizing import PageSizing
from simulation.database import Database
from simulation.reads import MemoryPageSizes, MemoryReads

T = TypeVar("T")
READ, ROWS, SIZE = UUID(int=1), 10, 3
WHO = Caller("acme-msp", "acme", Rate(100, 1.0), None)
PATIENCE_S = 5.0


class Lists:
    """A Halo with one client and ten licences, which remembers what it was asked for."""

    total_timeout_s = 1.0

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.at_once = self.most_at_once = 0
        self.fails_at = 0
        self.asks = asyncio.Condition()

    async def clients(self, _tenant: str, _token: str, _page_no: int, *, page_size: int | None = None) -> Any:
        del page_size
        return HaloPage(1, [Client(1, "Client")])

    async def licences(self, _tenant: str, _token: str, page_no: int, *, page_size: int = 0, **_: object) -> Any:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        async with self.asks:
            self.asked.append(page_no)
            self.asks.notify_all()
        await asyncio.sleep(0)
        self.at_once -= 1
        if page_no == self.fails_at:
            self.fails_at = 0
            raise HaloFailure(FailureClass.TRANSIENT, "Halo is away", status=503)
        ids = range(1, ROWS + 1)[(page_no - 1) * page_size : page_no * page_size]
        return HaloPage(ROWS, [SeenLicence(Licence(n, 1, f"P-{n}", None, None, None, None)) for n in ids])


class Access:
    async def read(self, _who: Caller, request: Callable[[str], Awaitable[T]]) -> T:
        return await request("token")


class Reads(MemoryReads):
    """Does something before each page of licences is kept."""

    def __init__(self, before: Callable[[int], Awaitable[None]]) -> None:
        self.database = Database()

        async def at_once(effect: Callable[[], T], /) -> T:
            return effect()

        super().__init__(self.database, at_once)
        self._before = before

    async def save_licences(self, progress: Any, pages: Any, page: Any, most: int) -> Any:
        await self._before(pages.next)
        return await super().save_licences(progress, pages, page, most)


def reading(lists: Lists, before: Callable[[int], Awaitable[None]]) -> HaloRead:
    reads = Reads(before)
    sizes = MemoryPageSizes(reads.database, reads._step)
    sizing = PageSizing(sizes, PageSizeBounds(SIZE, SIZE, 10.0))
    return HaloRead(cast("ReadAccess", Access()), cast("Any", lists), reads, sizing)


async def nothing(_number: int) -> None:
    """Keep the page at once."""


async def test_a_page_is_asked_for_before_the_one_in_front_of_it_is_kept() -> None:
    lists = Lists()

    async def next_was_asked(number: int) -> None:
        if number < 4 and lists.asked.count(number) == 1:  # of page 4 nobody knows before whether a second look follows
            async with lists.asks, asyncio.timeout(PATIENCE_S):
                await lists.asks.wait_for(lambda: number + 1 in lists.asked)

    progress = await reading(lists, next_was_asked).turn(READ, WHO)
    assert progress.list == "complete"
    assert lists.asked == [1, 2, 3, 4] * 2  # unknown rows are looked through once more
    assert lists.most_at_once == 1


async def test_at_the_end_of_a_turn_what_was_asked_for_is_kept_and_nothing_more_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lists, past_s = Lists(), 0.0
    monkeypatch.setattr("planner.halo_read.time", SimpleNamespace(monotonic=lambda: past_s))

    async def ends(number: int) -> None:
        nonlocal past_s
        past_s = TURN_S if number == 2 else past_s

    progress = await reading(lists, ends).turn(READ, WHO)
    assert lists.asked == [1, 2, 3]
    assert progress.pages is not None
    assert progress.pages.rows == 3 * SIZE


async def test_a_page_that_failed_ahead_fails_when_it_is_needed_and_the_one_before_is_kept() -> None:
    lists = Lists()
    read = reading(lists, nothing)
    lists.fails_at = 3
    with pytest.raises(HaloFailure):
        await read.turn(READ, WHO)
    progress = await read.reads.begin(READ, WHO.partner_id, WHO.tenant)
    assert progress.pages is not None
    assert progress.pages.rows == 2 * SIZE
    assert (await read.turn(READ, WHO)).list == "complete"
    assert lists.asked == [1, 2, 3, 3, 4, 1, 2, 3, 4]


async def test_what_was_asked_for_ahead_is_given_up_where_the_page_before_cannot_be_kept() -> None:
    lists, others = Lists(), asyncio.all_tasks()
    broken = True

    async def contradicts(number: int) -> None:
        nonlocal broken
        if number == 2 and broken:
            broken = False
            raise IncompleteReadError("it does")

    assert (await reading(lists, contradicts).turn(READ, WHO)).list == "complete"
    assert lists.asked in ([1, 2, 1, 2, 3, 4, 1, 2, 3, 4], [1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 4])
    assert not asyncio.all_tasks() - others
