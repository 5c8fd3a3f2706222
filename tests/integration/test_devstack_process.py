"""Child processes: readiness, death, signals, and no orphan; the folder of a stack; ports; commands."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from devstack.account import Account, account_for_servers
from devstack.command import run
from devstack.errors import CommandFailedError, NotReadyError, ProcessDiedError
from devstack.ports import free_port
from devstack.process import ChildProcess
from devstack.process_tree import TrackedProcess, process_tree
from devstack.state import state_folder
from devstack.wait import until

Make = Callable[..., ChildProcess]

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)
POLITE = "import time; print('here', flush=True); time.sleep(60)"
PARENT = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {POLITE!r}]); time.sleep(60)"
SERVER = """
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Ready.asked += 1
        self.send_response(200 if Ready.asked > 2 else 503)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    made: list[ChildProcess] = []

    def build(program: str, *arguments: str) -> ChildProcess:
        argv = [sys.executable, "-u", "-c", program, *arguments]
        made.append(ChildProcess("child", argv, env=dict(os.environ), log=tmp_path / "child.log", cwd=tmp_path))
        return made[-1]

    yield build
    for process in made:
        await process.kill()


async def test_it_is_ready_when_its_address_answers_200(make: Make) -> None:
    port = free_port()
    process = make(SERVER, str(port))
    process.start()
    await process.wait_listening(port, timeout_s=20)
    await process.wait_http(f"http://127.0.0.1:{port}/readyz", timeout_s=20)
    assert "503" in process.log_tail()


async def test_its_death_is_noticed_at_once_and_told_with_its_last_words(make: Make) -> None:
    process = make("import sys; print('HALOSYNC_AMQP_URL: field required'); sys.exit(2)")
    process.start()
    with pytest.raises(ProcessDiedError, match=r"exit code 2[\s\S]*HALOSYNC_AMQP_URL: field required"):
        await process.wait_http(f"http://127.0.0.1:{free_port()}/readyz", timeout_s=600)


async def test_one_that_never_gets_ready_is_told_with_its_log(make: Make) -> None:
    process = make(POLITE)
    process.start()
    with pytest.raises(NotReadyError, match=r"child\.log"):
        await process.wait_listening(free_port(), timeout_s=0.2)


async def test_terminate_tells_whether_it_ended_by_itself(make: Make) -> None:
    polite, stubborn = make(POLITE), make(STUBBORN)
    polite.start()
    await until(lambda: says(polite, "here"), what="its start", timeout_s=20)
    assert await polite.terminate()
    stubborn.start()
    await until(lambda: says(stubborn, "deaf"), what="its start", timeout_s=20)
    assert not await stubborn.terminate(timeout_s=0.2)
    assert (polite.pid, stubborn.pid) == (None, None)


async def test_its_descendants_end_with_it(make: Make) -> None:
    process = make(PARENT)
    process.start()
    await until(lambda: says(process, "here"), what="the start of its child", timeout_s=20)
    family = process_tree(process.pid or 0)
    assert len(family) == 2
    await process.terminate()
    assert not any(member.lives() for member in family)


async def test_it_can_be_started_again_and_its_log_goes_on(make: Make) -> None:
    process = make(POLITE)
    process.start()
    first = process.pid
    process.start()
    assert process.pid == first
    await until(lambda: says(process, "here\n"), what="its start", timeout_s=20)
    await process.kill()
    process.start()
    await until(lambda: says(process, "here\nhere"), what="its second start", timeout_s=20)


async def test_a_paused_process_goes_on_afterwards(make: Make) -> None:
    port = free_port()
    process = make(SERVER, str(port))
    process.start()
    await process.wait_http(f"http://127.0.0.1:{port}/", timeout_s=20)
    async with process.paused():
        with pytest.raises(NotReadyError):
            await process.wait_http(f"http://127.0.0.1:{port}/", timeout_s=0.1)
    await process.wait_http(f"http://127.0.0.1:{port}/", timeout_s=20)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
async def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, sys, time, pathlib\n"
        "from devstack.process import ChildProcess\n"
        "here = pathlib.Path(sys.argv[1])\n"
        f"child = ChildProcess('child', [sys.executable, '-c', {POLITE!r}], env=dict(os.environ),"
        " log=here / 'child.log', cwd=here)\n"
        "child.start()\n"
        "time.sleep(60)\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, script, tmp_path)
    log = tmp_path / "child.log"

    async def child_runs() -> bool:
        return log.exists() and "here" in log.read_text()

    await until(child_runs, what="the child's start", timeout_s=20)
    family = process_tree(parent.pid)
    assert len(family) == 2
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await until(lambda: gone(family), what="the child's end", timeout_s=20)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_it_can_run_as_an_unprivileged_account(tmp_path: Path) -> None:
    account = account_for_servers()
    assert account is not None
    # No Python: the interpreter of a virtual environment may lie where that account cannot go.
    who = ["/bin/sh", "-c", "echo I am $(id -u) $(id -G)"]
    process = ChildProcess("child", who, env={}, log=tmp_path / "child.log", cwd=Path("/"), account=account)
    process.start()
    await until(lambda: says(process, f"I am {account.uid} {account.gid}\n"), what="its word", timeout_s=20)
    await process.kill()


async def test_a_command_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    shell = ["/bin/sh", "-c"]
    assert await run([*shell, "echo yes"], env={}, cwd=tmp_path) == "yes\n"
    with pytest.raises(CommandFailedError, match=r"exit code 3: too bad"):
        await run([*shell, "echo too bad >&2; exit 3"], env={})
    with pytest.raises(CommandFailedError, match=r"not done within 0\.1 s"):
        await run([sys.executable, "-c", POLITE], env={}, timeout_s=0.1)


def test_the_folder_of_a_stack_is_gone_afterwards_and_closed_to_others() -> None:
    with state_folder() as state:
        assert stat.S_IMODE(state.folder("postgres").stat().st_mode) == 0o700
        state.log("planner").write_text("a line")
        kept = state.keep_logs()
    assert not state.path.exists()
    assert (kept / "planner.log").read_text() == "a line"
    (kept / "planner.log").unlink()
    kept.rmdir()


def test_what_a_killed_process_left_in_memory_is_removed_and_what_is_used_stays(tmp_path: Path) -> None:
    abandoned = tmp_path / "halosync-abandoned"
    (abandoned / "rabbitmq").mkdir(parents=True)
    with state_folder(in_memory=True, memory=tmp_path) as first:
        assert not abandoned.exists()
        used = first.memory_folder("rabbitmq")
        assert used.parent.parent == tmp_path
        with state_folder(in_memory=True, memory=tmp_path):
            assert used.exists()
    assert list(tmp_path.iterdir()) == []


def test_without_a_place_in_memory_all_is_on_the_disk(tmp_path: Path) -> None:
    with state_folder(in_memory=True, memory=tmp_path / "nowhere") as state:
        assert state.memory_folder("rabbitmq").parent == state.path


def test_no_port_is_given_out_twice() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50


def test_an_account_reads_only_what_everybody_may(tmp_path: Path) -> None:
    nobody = Account(65534, 65534)
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    assert nobody.can_read(Path("/usr/bin"))
    assert not nobody.can_read(closed / "inner")


async def says(process: ChildProcess, text: str) -> bool:
    return text in process.log_tail()


async def gone(family: list[TrackedProcess]) -> bool:
    return not any(member.lives() for member in family)
