"""A fork is what a new process would be: its environment, arguments, folder, session, output, end and death."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM

import psutil
import pytest
from devstack import forks
from devstack.command import run_forked
from devstack.errors import CommandFailedError, ProcessDiedError
from devstack.forks import ForkParent, can_fork
from devstack.process import ForkedProcess
from devstack.process_tree import process_tree
from devstack.wait import until

pytestmark = pytest.mark.skipif(not can_fork(os.environ), reason="only Linux forks")

TOLD = """
import json, os, random, signal, sys
more = [number for number in os.listdir("/proc/self/fd") if int(number) > 2]
print(json.dumps({
    "name": __name__, "arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd(),
    "leads": os.getsid(0) == os.getpid(), "input": sys.stdin.read(), "random": random.random(),
    "more": [number for number in more if os.path.exists(f"/proc/self/fd/{number}")],
    "left": signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL,
}))
sys.stderr.write("told\\n")
sys.exit(int(os.environ.get("CODE", 0)))
"""
STAYS = "import signal; print('begun', flush=True); signal.pause()"
LEFT_BEHIND = """
import os, sys
from pathlib import Path
from devstack import forks
from devstack.process import ForkedProcess
forks.LOADED = ()
folder = Path(sys.argv[1])
process = ForkedProcess("child", ["stays"], env=dict(os.environ), log=folder / "log", cwd=folder)
process.start()
print(process.pid, flush=True)
input()
"""


@pytest.fixture(scope="module", autouse=True)
def parent() -> Iterator[None]:
    """One that has imported nothing, which suffices here."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(forks, "LOADED", ())
        made = ForkParent()
        patched.setattr(forks, "fork_parent", lambda: made)
        yield
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working folder of the forks, with modules of their own."""
    (tmp_path / "told.py").write_text(TOLD)
    (tmp_path / "stays.py").write_text(STAYS)
    return tmp_path


@pytest.fixture
def stays(folder: Path) -> ForkedProcess:
    return ForkedProcess("stays", ["stays"], env={}, log=folder / "log", cwd=folder)


async def begun(process: ForkedProcess, times: int = 1) -> None:
    async def said() -> bool:
        return process.log.read_text().count("begun") == times

    await process.wait_ready(said, timeout_s=30)


async def test_it_is_as_a_new_process(folder: Path) -> None:
    env = {"OWN": "yes"}
    told, again = [json.loads(await run_forked("told", "a", "b c", env=env, cwd=folder)) for _ in range(2)]
    assert told.pop("random") != again.pop("random")
    assert told == again
    assert told == {
        "name": "__main__",
        "arguments": ["a", "b c"],
        "environment": env,
        "folder": str(folder),
        "leads": True,
        "input": "",
        "more": [],
        "left": True,
    }


async def test_a_command_that_fails_says_what_it_said(folder: Path) -> None:
    with pytest.raises(CommandFailedError, match=r"`told` ended with exit code 3: told"):
        await run_forked("told", env={"CODE": "3"}, cwd=folder)
    with pytest.raises(CommandFailedError, match="not_there"):
        await run_forked("not_there", env={}, cwd=folder)


async def test_a_command_that_takes_too_long_is_ended(folder: Path) -> None:
    with pytest.raises(CommandFailedError, match=r"`stays` was not done within 0\.1 s"):
        await run_forked("stays", env={}, cwd=folder, timeout_s=0.1)


async def test_it_is_signalled_ended_and_started_again(stays: ForkedProcess) -> None:
    stays.start()
    await begun(stays)
    first = stays.pid
    assert first is not None
    stays.signal(SIGSTOP)
    await until(is_stopped(first), what="the stop", timeout_s=10)
    stays.signal(SIGCONT)
    assert await stays.terminate()
    assert not stays.running
    assert stays.pid is None
    stays.start()
    await begun(stays, times=2)
    assert stays.pid != first
    await stays.kill()
    assert not psutil.pid_exists(first)


async def test_how_it_ended_is_told(folder: Path, stays: ForkedProcess) -> None:
    async def never() -> bool:
        return False

    ends = ForkedProcess("ends", ["told"], env={"CODE": "3"}, log=folder / "log", cwd=folder)
    ends.start()
    with pytest.raises(ProcessDiedError, match=r"ends ended with exit code 3; the end of its log .*\n.*told"):
        await ends.wait_ready(never, timeout_s=30)
    stays.start()
    stays.signal(SIGKILL)
    with pytest.raises(ProcessDiedError, match=r"stays ended with exit code -9"):
        await stays.wait_ready(never, timeout_s=30)


@pytest.mark.parametrize("whole", [True, False], ids=["who started it is killed", "its parent is ended"])
async def test_none_is_left_behind(folder: Path, whole: bool) -> None:
    script = folder / "left_behind.py"
    script.write_text(LEFT_BEHIND)
    starter = await asyncio.create_subprocess_exec(
        *(sys.executable, script, folder), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert starter.stdout is not None
    pid = int(await starter.stdout.readline())
    [child] = process_tree(pid)
    parent = psutil.Process(pid).ppid()
    if whole:
        starter.kill()
    else:
        psutil.Process(parent).send_signal(SIGTERM)

    async def gone() -> bool:
        return not child.lives()

    await until(gone, what="the end of the child", timeout_s=10)
    if not whole:
        starter.kill()
    await starter.wait()


def is_stopped(pid: int) -> Callable[[], Awaitable[bool]]:
    async def stopped() -> bool:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED

    return stopped
