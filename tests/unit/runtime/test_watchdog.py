"""A process whose event loop hangs ends, and one that is only busy does not."""

import asyncio
import threading

import pytest
from halosync.runtime import watchdog
from halosync.runtime.watchdog import watch_loop


async def test_a_loop_that_hangs_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "HUNG_TICKS", 3)
    ended = threading.Event()
    over = watch_loop(tick_s=0.005, end=ended.set)
    assert ended.wait(timeout=10), "the loop stood still all the time"  # this holds the loop up
    over()


async def test_a_loop_that_turns_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "HUNG_TICKS", 3)
    ended = threading.Event()
    over = watch_loop(tick_s=0.02, end=ended.set)
    assert not await asyncio.to_thread(ended.wait, 0.3)
    over()
