"""The runner of the benches: what it returns and writes, and that nothing stays when it is ended."""

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest
from devstack.wait import until

BENCH = Path(__file__).resolve().parents[2] / "bench"

ROWS_THAT_WAIT = """
import asyncio, os, pathlib
from row import Row
NAMES = ("plan", "intake", "creates")
ROWS = {name: Row(name, "waiting", "nothing", "its end", measure=None, first_s=600) for name in NAMES}
COMPARED = OTHERS = tuple(ROWS.values())
async def wait():
    here = pathlib.Path(os.environ["TMP_ROW"])
    (here / "pid").write_text(str(os.getpid()))
    (here / "pid").rename(here / "begun")
    try:
        await asyncio.sleep(600)
    finally:
        (here / "ended").touch()
def measured(name, effort):
    asyncio.run(wait())
"""
"""Rows instead of the real ones: to import all that those measure takes many times as long as to end one."""
STARTED = """
import runner, signal, sys
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as behind a shell
    runner.end_on_sigterm()
    sys.exit(runner.main(["--only", "plan", "intake", "creates", "--quick"]))
"""


@pytest.fixture(scope="module")
def runner() -> Iterator[ModuleType]:
    """The runner, which is part of a folder of programs and no package."""
    sys.path.append(str(BENCH))
    yield importlib.import_module("runner")
    sys.path.remove(str(BENCH))


def some_row(runner: ModuleType, name: str = "some", **more: int) -> Any:
    return runner.Row(name, "what is measured", "what it is against", "2 times", lambda _: None, first_s=10, **more)


def ended(runner: ModuleType, monkeypatch: pytest.MonkeyPatch, *, wrong: bool = True) -> None:
    """Let the row `plan` end with a figure that misses its bound, and `intake` wrong."""
    good: Future[Any] = Future()
    figure = importlib.import_module("row").Figure("times", 2.5, 2.0)
    good.set_result((0.5, runner.Found([figure], {}, rounds=3)))
    bad: Future[Any] = Future()
    bad.set_exception(importlib.import_module("row").WrongEndError("a licence is there twice"))
    of = [(some_row(runner, "plan"), good), *([(some_row(runner, "intake"), bad)] if wrong else [])]
    monkeypatch.setattr(runner, "in_turn", lambda *_: iter(of))


def test_it_says_beforehand_how_long_it_takes(runner: ModuleType) -> None:
    timed, untimed = some_row(runner, round_s=2), [some_row(runner, untimed=True) for _ in range(3)]
    assert runner.expected_s([timed, *untimed], runner.Effort(5)) == 10 + 5 * 2 + 2 * 10


def test_a_row_that_ends_wrong_has_no_figures_and_fails_the_command(
    runner: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended(runner, monkeypatch)
    (tmp_path / "intake.json").write_text("what was found before", "utf-8")
    assert runner.main(["--only", "plan", "intake", "--into", str(tmp_path)]) == 1
    read = importlib.import_module("results").read
    assert (len(read(tmp_path, "plan").figures), read(tmp_path, "plan").load, read(tmp_path, "plan").rounds) == (
        1,
        0.5,
        3,
    )
    kept = read(tmp_path, "intake")
    assert (kept.figures, kept.wrong) == ([], "WrongEndError: a licence is there twice")
    assert "intake ENDED WRONG: WrongEndError: a licence is there twice" in capsys.readouterr().out


@pytest.mark.parametrize(("more", "returned"), [([], 0), (["--strict"], 1)])
def test_a_missed_figure_is_named_and_fails_only_a_strict_command(
    *,
    runner: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    returned: int,
) -> None:
    ended(runner, monkeypatch, wrong=False)
    assert runner.main(["--only", "plan", "--into", str(tmp_path), *more]) == returned
    assert "plan MISSED: times: 2.5 times, to reach at most 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "published"),
    [([], True), (["--rounds", "3"], True), (["--rounds", "2"], False), (["--only", "plan", "--quick"], False)],
)
def test_few_rounds_do_not_replace_what_the_pages_say(runner: ModuleType, words: list[str], *, published: bool) -> None:
    assert runner.folder_of(runner.arguments(words)) == (runner.FOLDER if published else runner.QUICK_FOLDER)


def test_a_row_that_was_ended_from_outside_is_not_called_wrong(
    runner: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted: Future[Any] = Future()
    interrupted.set_exception(KeyboardInterrupt())
    monkeypatch.setattr(runner, "in_turn", lambda *_: iter([(some_row(runner, "plan"), interrupted)]))
    with pytest.raises(KeyboardInterrupt):
        runner.main(["--only", "plan", "--into", str(tmp_path)])
    assert not list(tmp_path.iterdir())


async def test_a_sigterm_ends_the_row_that_runs(tmp_path: Path) -> None:
    (tmp_path / "rows.py").write_text(ROWS_THAT_WAIT, "utf-8")
    (tmp_path / "started.py").write_text(STARTED, "utf-8")
    paths = os.pathsep.join([str(tmp_path), str(BENCH)])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(tmp_path / "started.py")),
        env={**os.environ, "PYTHONPATH": paths, "TMP_ROW": str(tmp_path)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def begun() -> bool:
        assert process.returncode is None
        return (tmp_path / "begun").exists()

    try:
        await until(begun, what="a row", timeout_s=60)
        row = int((tmp_path / "begun").read_text("utf-8"))
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 128 + signal.SIGTERM
    finally:
        if process.returncode is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            await process.wait()
    assert (tmp_path / "ended").exists()
    assert not psutil.pid_exists(row)
