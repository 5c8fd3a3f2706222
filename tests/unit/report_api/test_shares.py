"""Of each partner so much at a time, in order, and nobody waits for another's."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from report_api.access.long_answer import in_turns
from report_api.shares import AT_ONCE, Shares


async def test_a_partner_waits_for_itself_alone_and_in_order() -> None:
    shares, began, quiet_began, go_on = Shares(), list[str](), asyncio.Event(), asyncio.Event()

    async def work(whose: str, name: str) -> None:
        async with shares.of(whose):
            began.append(name)
            if name == "quiet":
                quiet_began.set()
            await go_on.wait()

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        for number in range(AT_ONCE + 3):
            tasks.create_task(work("greedy", f"greedy {number}"))
        tasks.create_task(work("quiet", "quiet"))
        await quiet_began.wait()
        assert began == [*(f"greedy {number}" for number in range(AT_ONCE)), "quiet"]
        go_on.set()
    assert began[AT_ONCE + 1 :] == [f"greedy {number}" for number in range(AT_ONCE, AT_ONCE + 3)]
    assert vars(shares) == {"_shares": {}}, "nobody is remembered"


async def test_who_gives_up_waiting_leaves_no_place_taken() -> None:
    shares = Shares()
    async with shares.of("greedy"):
        waiting = asyncio.create_task(shares.of("greedy").__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    assert vars(shares) == {"_shares": {}}


async def test_what_takes_long_gives_its_place_to_the_next_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("report_api.shares.PLACE_S", 0.05)
    shares = Shares()
    async with asyncio.timeout(10):
        async with shares.of("greedy"):
            async with shares.of("greedy"):
                third = asyncio.create_task(shares.of("greedy").__aenter__())
                await asyncio.wait([third], timeout=0.02)
                assert not third.done()
            await third


async def test_no_place_is_held_while_a_piece_is_read() -> None:
    async def numbers() -> AsyncIterator[int]:
        for number in range(3):
            yield number

    async def allowed() -> bool:
        return True

    shares, seen = Shares(), []
    async for number in in_turns(numbers(), shares, "greedy", allowed=allowed, cut=lambda: None):
        assert vars(shares) == {"_shares": {}}
        seen.append(number)
    assert seen == [0, 1, 2]
