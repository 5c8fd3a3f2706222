"""The operator's command that tries writes out: what it asks, says and refuses (halo-api section 5)."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from threading import Thread

import httpx
import pytest
import typer
from devstack.fields import Fields
from halo_sandbox.testing import APPLICATION, RunningSandbox
from halosync.cli import halo
from halosync.cli.main import app
from halosync.halo import write_check_licences
from typer.testing import CliRunner, Result

CLIENTS = [{"id": 1, "name": "Secretive"}, {"id": 7, "name": "Made for tests"}]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_check_licences, "PAUSE_S", 0.0)


async def left(sandbox: RunningSandbox, name: str) -> list[Fields]:
    return await sandbox.admin.licences(name)


@pytest.fixture
def run(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[Result]]:
    """Run the command as a person would whose browser logs in by itself and is led back to this machine."""

    async def command(tenant: str, answers: str, *options: str, faults: Sequence[Fields] = ()) -> Result:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            redirect_url = f"http://127.0.0.1:{free.getsockname()[1]}/accounts/"
        application = {**APPLICATION, "redirect_uris": [redirect_url]}
        await sandbox.admin.put_tenant(tenant, applications=[application], clients=CLIENTS)
        for fault in faults:
            await sandbox.admin.add_fault(tenant, **fault)
        monkeypatch.setenv("HALOSYNC_HALO_URL_TEMPLATE", sandbox.url_template)

        def log_in(url: str) -> None:
            Thread(target=partial(httpx.get, url, follow_redirects=True), daemon=True).start()

        monkeypatch.setattr(halo, "_show", log_in)
        given = ["--tenant", f"https://{tenant}.halopsa.com/home?x=1", "--redirect-url", redirect_url]
        given += ["--client-id", str(APPLICATION["client_id"]), *options]
        try:
            return await asyncio.to_thread(lambda: CliRunner().invoke(app, ["halo", "check", *given], answers))
        finally:
            left_over[tenant] = await sandbox.admin.licences(tenant)
            await sandbox.admin.delete_tenant(tenant)

    return command


left_over: dict[str, list[Fields]] = {}
"""What was in each tenant when the command had ended."""


async def test_a_pasted_address_is_checked_by_reading_alone(run: Callable[..., Awaitable[Result]]) -> None:
    done = await run("by-reading", "")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "as assumed" in done.stdout
    assert "write:" not in done.stdout
    assert "Secretive" not in done.stdout


async def test_what_may_be_left_behind_is_told_plainly(run: Callable[..., Awaitable[Result]]) -> None:
    faults = [{"match": {"method": "POST", "path": "SoftwareLicence"}, "drop_before": True}]
    done = await run("unanswered", "y\ny\n", "--write-test", "7", faults=faults)
    assert done.exit_code == 0
    assert "Look in client 7 now and in an hour" in done.stderr
    assert "begins with 'halosync check & test'" in done.stderr


async def test_a_licence_that_came_while_the_question_stood_is_left_alone(
    run: Callable[..., Awaitable[Result]], sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    loop = asyncio.get_running_loop()

    def answered(question: str, **_: object) -> bool:
        asked.append(question)
        if len(asked) == 2:  # somebody uses the client while the operator reads
            adding = sandbox.admin.add_licences("while-asked", {"client_id": 7, "name": "Theirs"})
            asyncio.run_coroutine_threadsafe(adding, loop).result(10.0)
        return True

    monkeypatch.setattr(typer, "confirm", answered)
    done = await run("while-asked", "", "--write-test", "7")
    assert (done.exit_code, len(asked)) == (1, 2)
    assert "nothing was written: client 7 has 1 licence" in done.stderr
    assert [row["name"] for row in left_over["while-asked"]] == ["Theirs"]


async def test_writes_are_asked_for_twice_and_reported(run: Callable[..., Awaitable[Result]]) -> None:
    done = await run("by-writing", "y\ny\n", "--write-test", "7")
    assert done.exit_code == 0
    assert done.stderr.count("[y/N]") == 2
    assert "'Made for tests'" in done.stderr
    assert "write: a delete" in done.stdout
    assert "Made for tests" not in done.stdout
    assert left_over["by-writing"] == []


@pytest.mark.parametrize(("answers", "client"), [("n\n", "7"), ("y\nn\n", "7"), ("y\ny\n", "99")])
async def test_without_two_yeses_or_such_a_client_nothing_is_written(
    run: Callable[..., Awaitable[Result]], answers: str, client: str
) -> None:
    done = await run("not-writing", answers, "--write-test", client)
    assert done.exit_code == 1
    assert left_over["not-writing"] == []


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--tenant", "acme"],
        ["--partner", "p", "--tenant", "acme"],
        ["--partner", "p", "--write-test", "7"],
        ["--tenant", "acme", "--client-id", "c", "--write-test", "7", "--json"],
        ["--partner", "p", "--tenant", "acme", "--client-id", "c"],
    ],
    ids=str,
)
def test_it_needs_one_way_in(options: list[str]) -> None:
    done = CliRunner().invoke(app, ["halo", "check", *options])
    assert (done.exit_code, done.stdout) == (2, "")
