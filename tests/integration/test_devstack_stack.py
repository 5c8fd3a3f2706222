"""The stack starts, serves, restarts and stops: with stand-ins for the services, so that only `devstack` is tested."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from devstack.errors import CommandFailedError, NotOursError, ProcessDiedError
from devstack.options import StackOptions
from devstack.process_tree import process_tree
from devstack.servers import Servers
from devstack.stack import Stack, running_stack
from devstack.state import StateFolder
from devstack.up import Given, addresses, options_from_environment

from tests.integration.child_processes import begun_since, own_children

# A service that is ready at once and answers with its environment; the sandbox takes its port from its arguments.
SERVICE = """
import http.server, json, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({**os.environ, "PID": os.getpid(), "CWD": os.getcwd()}).encode())
port = os.environ.get("HALOSYNC_HEALTH_PORT") or sys.argv[sys.argv.index("--port") + 1]
http.server.HTTPServer(("127.0.0.1", int(port)), Answer).serve_forever()
"""
COMMAND = """
import json, os, sys
if sys.argv[1] == "fail":
    sys.exit("no such partner")
print(json.dumps(sys.argv[1:]) if "--json" in sys.argv and sys.argv[1] != "text" else "plain")
"""

Options = Callable[..., StackOptions]


@pytest.fixture
def stand_ins(tmp_path: Path) -> Path:
    """A folder of modules that come before the real ones in the import path."""
    folder = tmp_path / "modules"
    programs = dict.fromkeys(("auth", "planner", "halo_writer", "report_api", "halo_sandbox"), SERVICE)
    for module, program in {**programs, "halosync": "", "halosync/cli": COMMAND}.items():
        (folder / module).mkdir(parents=True)
        (folder / module / "__main__.py").write_text(program)
        (folder / module / "__init__.py").touch()  # without it, the real package would be found first
    return folder


@pytest.fixture
def options(stand_ins: Path) -> Options:
    def build(**changes: Any) -> StackOptions:
        given = StackOptions(
            database_url="postgresql://given/database",
            amqp_url="amqp://given/vhost",
            environment={"PYTHONPATH": str(stand_ins)},
        )
        return replace(given, **changes)

    return build


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path)


async def environment_of(stack: Stack, name: str) -> dict[str, str]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{stack.services[name].health_url}/environment")
    parsed: dict[str, str] = json.loads(answer.text)
    return parsed


def taken(folder: Path) -> list[str]:
    """Remove a folder and return the names that were in it."""
    names = sorted(path.name for path in folder.iterdir())
    shutil.rmtree(folder)
    return names


async def test_every_process_has_the_settings_it_needs_and_only_auth_the_keys(
    options: Options, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HALOSYNC_LOG_LEVEL", "of the person who starts the tests")
    async with running_stack(options(writers=2, token_keys="secret"), state=state) as stack:
        assert sorted(stack.services) == ["auth", "halo-writer-1", "halo-writer-2", "planner", "report-api"]
        for name in stack.services:
            environment = await environment_of(stack, name)
            assert environment["HALOSYNC_DATABASE_URL"] == "postgresql://given/database"
            assert environment["HALOSYNC_AMQP_URL"] == "amqp://given/vhost"
            assert environment["HALOSYNC_PUBLIC_URL"] == stack.http_url
            assert environment["HALOSYNC_HALO_URL_TEMPLATE"] == f"{stack.sandbox_url}/{{tenant}}"
            assert environment.get("HALOSYNC_TOKEN_KEYS") == ("secret" if name == "auth" else None)
            assert "HALOSYNC_LOG_LEVEL" not in environment
            assert environment["CWD"] == str(state.path / "work")
        assert "Health of halo-writer-2" in str(list(addresses(stack).columns[0].cells))


async def test_writers_are_added_and_services_restarted_on_their_port(options: Options, state: StateFolder) -> None:
    async with running_stack(options(), state=state) as stack:
        added = await stack.add_writer()
        assert [writer.name for writer in stack.writers] == ["halo-writer-1", added.name]
        before = await environment_of(stack, "planner")
        await stack.restart("planner")
        after = await environment_of(stack, "planner")
        assert before["PID"] != after["PID"]
        assert before["HALOSYNC_HEALTH_PORT"] == after["HALOSYNC_HEALTH_PORT"]


async def test_one_that_does_not_drain_is_killed_and_named(
    options: Options, state: StateFolder, stand_ins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    (stand_ins / "planner" / "__main__.py").write_text(deaf + SERVICE)
    monkeypatch.setattr("devstack.stack.STOP_TIMEOUT_S", 0.5)
    told: list[str] = []
    async with running_stack(options(progress=told.append), state=state) as stack:
        planner = process_tree(stack.services["planner"].process.pid or 0)
    assert told[-1].endswith("had to be killed: planner")
    assert not any(member.lives() for member in planner)


async def test_the_command_answers_with_what_it_prints(options: Options, state: StateFolder) -> None:
    async with running_stack(options(writers=0), state=state) as stack:
        assert await stack.cli("partner", "add", "acme") == ["partner", "add", "acme", "--json"]
        assert await stack.cli("text") == "plain\n"
        with pytest.raises(CommandFailedError, match="no such partner"):
            await stack.cli("fail")


async def test_a_halo_of_ones_own_needs_no_sandbox(options: Options, state: StateFolder) -> None:
    template = "https://{tenant}.example"
    async with running_stack(options(writers=0, halo_url_template=template), state=state) as stack:
        assert stack.sandbox_url is None
        assert (await environment_of(stack, "planner"))["HALOSYNC_HALO_URL_TEMPLATE"] == template


async def test_a_service_that_does_not_start_ends_all_and_tells_why(
    options: Options, state: StateFolder, stand_ins: Path
) -> None:
    (stand_ins / "planner" / "__main__.py").write_text("raise SystemExit('HALOSYNC_AMQP_URL: wrong')")

    before = own_children()

    async def start() -> None:
        async with running_stack(options(), state=state):
            raise AssertionError

    with pytest.raises(ProcessDiedError, match=r"planner ended with exit code 1[\s\S]*HALOSYNC_AMQP_URL: wrong"):
        await start()
    assert not begun_since(before)


async def test_a_failing_body_ends_all_and_keeps_the_logs(options: Options) -> None:
    pids: list[int] = []

    async def fail_while_it_runs() -> None:
        async with running_stack(options()) as stack:
            pids.extend(service.process.pid or 0 for service in stack.services.values())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as raised:
        await fail_while_it_runs()
    assert len(pids) == 4
    assert not any(process_tree(pid) for pid in pids)
    names = ("auth", "halo-writer-1", "planner", "report-api", "sandbox")
    assert taken(Path(raised.value.__notes__[0].rpartition(" ")[2])) == [f"{name}.log" for name in names]


def test_given_servers_are_not_ours() -> None:
    servers = Servers("postgresql://", "amqp://", None, None)
    for server in (lambda: servers.postgres, lambda: servers.rabbit):
        with pytest.raises(NotOursError):
            server()


def test_up_takes_what_a_person_gave_and_keeps_the_keys_for_auth(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "HALOSYNC_DATABASE_URL=postgresql://of/dotenv\nHALOSYNC_TOKEN_KEYS=k\n"
        "HALOSYNC_PUBLIC_URL=https://of.dotenv.example\n"
    )
    monkeypatch.setenv("HALOSYNC_AMQP_URL", "amqp://of/environment")
    monkeypatch.setenv("HALOSYNC_HEALTH_PORT", "1")
    monkeypatch.setenv("HALOSYNC_LOG_LEVEL", "DEBUG")
    options = options_from_environment(Given(), dict(os.environ), writers=3)
    assert (options.database_url, options.amqp_url) == ("postgresql://of/dotenv", "amqp://of/environment")
    assert (options.token_keys, options.writers, options.durable, options.cwd) == ("k", 3, True, tmp_path)
    assert options.environment == {
        "HALOSYNC_AMQP_URL": "amqp://of/environment",
        "HALOSYNC_LOG_LEVEL": "DEBUG",
        "HALOSYNC_PUBLIC_URL": "https://of.dotenv.example",
    }
    monkeypatch.setenv("HALOSYNC_PUBLIC_URL", "https://of.environment.example")
    options = options_from_environment(Given(), dict(os.environ), writers=1)
    assert options.environment["HALOSYNC_PUBLIC_URL"] == "https://of.environment.example"
    assert "token_keys" not in repr(options)
