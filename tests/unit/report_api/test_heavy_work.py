"""Heavy work is done elsewhere, one piece at a time, and one partner's many pieces let another wait for one.

The work of these tests is to read a byte from a pipe, which ends when the test writes one.
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from devstack.wait import until
from report_api import heavy_work
from report_api.heavy_work import HeavyWork, WorkDiedError


class Pipes:
    """Named pipes of a test."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self.paths = {name: str(folder / name) for name in names}
        self._open: list[int] = []
        for path in self.paths.values():
            os.mkfifo(path)

    def is_read(self, name: str) -> bool:
        """Tell whether somebody reads it, who goes on then."""
        with contextlib.suppress(OSError):
            self._open.append(os.open(self.paths[name], os.O_WRONLY | os.O_NONBLOCK))
            os.write(self._open[-1], b"x")
            return True
        return False

    async def until_read(self, names: list[str]) -> list[str]:
        """Return which of these are read, once one is."""
        found: list[str] = []

        async def somebody_reads() -> bool:
            found.extend(name for name in names if self.is_read(name))
            return bool(found)

        await until(somebody_reads, what=f"somebody who reads one of {names}", timeout_s=60)
        return found

    def close(self) -> None:
        for each in self._open:
            os.close(each)


def read_and_tell(path: str) -> int:
    with Path(path).open("rb", buffering=0) as pipe:
        pipe.read(1)
    return os.getpid()


def read_without_end(path: str) -> None:
    with Path(path).open("rb", buffering=0) as pipe:
        while True:
            pipe.read(1)


def note_and_die(path: str) -> None:
    with Path(path).open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


async def until_true(holds: Callable[[], bool], what: str) -> None:
    async def asked() -> bool:
        return holds()

    await until(asked, what=what, timeout_s=60)


async def test_it_is_done_in_another_process_that_stands_back_while_this_one_answers() -> None:
    heavy = HeavyWork()
    assert await heavy.done("acme", os.getpid) != os.getpid()
    assert await heavy.done("acme", os.getpriority, os.PRIO_PROCESS, 0) > os.getpriority(os.PRIO_PROCESS, 0)


async def test_one_piece_at_a_time_and_another_partner_waits_for_one(tmp_path: Path) -> None:
    heavy, began, pids = HeavyWork(), list[str](), set[int]()
    names = ["greedy 1", "greedy 2", "greedy 3", "quiet"]
    with contextlib.closing(Pipes(tmp_path, names)) as pipes:
        tasks = {
            name: asyncio.create_task(heavy.done(name.split()[0], read_and_tell, pipes.paths[name])) for name in names
        }
        while len(began) < len(names):
            reading = await pipes.until_read([name for name in names if name not in began])
            assert len(reading) == 1, "one at a time"
            began += reading
            pids.add(await tasks[reading[0]])
    assert began == ["greedy 1", "quiet", "greedy 2", "greedy 3"]
    assert len(pids) == len(names), "each had its own, which ended with it"
    assert not multiprocessing.active_children()


async def test_work_that_nobody_waits_for_is_killed_and_the_next_is_done(tmp_path: Path) -> None:
    heavy = HeavyWork()
    with contextlib.closing(Pipes(tmp_path, ["held"])) as pipes:
        held = asyncio.create_task(heavy.done("acme", read_without_end, pipes.paths["held"]))
        await pipes.until_read(["held"])
        pids = [process.pid for process in multiprocessing.active_children()]
        waiting = asyncio.create_task(heavy.done("other", os.getpid))
        held.cancel()
        with pytest.raises(asyncio.CancelledError):
            await held
        assert await waiting not in pids
    assert not multiprocessing.active_children()


async def test_a_piece_whose_process_died_is_not_repeated(tmp_path: Path) -> None:
    heavy = HeavyWork()
    with pytest.raises(WorkDiedError):
        await heavy.done("acme", note_and_die, str(tmp_path / "begun"))
    assert (tmp_path / "begun").read_text() == "x", "begun once"
    assert await heavy.done("acme", os.getpid)


async def test_work_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heavy, deadlines = HeavyWork(), list[asyncio.Timeout]()

    def deadline(seconds: float) -> asyncio.Timeout:
        assert seconds == heavy_work.LONGEST_S
        deadlines.append(asyncio.Timeout(None))
        return deadlines[-1]

    monkeypatch.setattr("report_api.heavy_work.asyncio.timeout", deadline)
    with contextlib.closing(Pipes(tmp_path, ["held"])) as pipes:
        held = asyncio.create_task(heavy.done("acme", read_without_end, pipes.paths["held"]))
        await pipes.until_read(["held"])
        [pid] = [process.pid for process in multiprocessing.active_children()]
        waiting = asyncio.create_task(heavy.done("acme", os.getpid))
        await until_true(lambda: len(deadlines) == 2, "the deadline of who waits in line")
        deadlines[1].reschedule(0)
        with pytest.raises(TimeoutError):
            await waiting
        assert not held.done(), "waiting counts, too"
        deadlines[0].reschedule(0)
        with pytest.raises(TimeoutError):
            await held
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


async def test_work_that_needs_too_much_memory_is_refused_and_the_next_is_done() -> None:
    heavy = HeavyWork()
    with pytest.raises(MemoryError):
        await heavy.done("acme", bytes, heavy_work.MOST_BYTES)
    assert await heavy.done("acme", len, "abc") == 3


async def test_what_the_work_raises_is_raised_and_no_process_is_left() -> None:
    with pytest.raises(ZeroDivisionError):
        await HeavyWork().done("acme", divmod, 1, 0)
    assert not multiprocessing.active_children()


async def test_who_gives_up_at_once_leaves_no_process() -> None:
    heavy = HeavyWork()
    task = asyncio.create_task(heavy.done("acme", time.sleep, 3600.0))
    await until_true(lambda: bool(multiprocessing.active_children()), "a process that starts")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not multiprocessing.active_children()
