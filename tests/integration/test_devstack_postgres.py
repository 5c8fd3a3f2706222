"""Postgres comes up, keeps its promises over a kill, and leaves nothing behind."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from devstack.account import Account
from devstack.command import run
from devstack.errors import NotOursError
from devstack.postgres import PostgresServer, postgres
from devstack.process_tree import TrackedProcess, listeners, process_tree
from devstack.psql import psql_command
from devstack.servers import fresh_name

pytestmark = pytest.mark.integration


async def test_a_copy_of_a_template_is_independent_of_it(postgres_server: PostgresServer) -> None:
    template, copy = fresh_name("a"), fresh_name("b")
    await _execute(await postgres_server.create_database(template), "CREATE TABLE of_template AS SELECT 1 AS one")
    url = await postgres_server.create_database(copy, template=template)
    await _execute(url, "DROP TABLE of_template")
    again = await postgres_server.create_database(fresh_name("c"), template=template)
    await _execute(again, "SELECT one FROM of_template")
    for url_of in (url, again):
        await postgres_server.drop_database(urlsplit(url_of).path[1:])
    await postgres_server.drop_database(template)


async def test_a_person_signs_in_with_the_command_that_is_told(postgres_server: PostgresServer, tmp_path: Path) -> None:
    command = f"{psql_command(postgres_server.url, tmp_path)} -qAtwc 'SELECT current_user'"
    assert (await run(["sh", "-c", command], env={"PATH": os.environ["PATH"]})).strip() == "postgres"


async def test_dropping_a_database_disconnects_its_users(postgres_server: PostgresServer) -> None:
    name = fresh_name("used")
    connection = await asyncpg.connect(await postgres_server.create_database(name))
    await postgres_server.drop_database(name)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await connection.fetchval("SELECT 1")
    await postgres_server.drop_database(name)  # once more is no error


async def test_what_was_committed_survives_a_kill() -> None:
    async with postgres(None, durable=False) as server:
        url = await server.create_database("kept")
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        await server.kill()
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await connection.fetchval("SELECT 1")
        await server.restart()
        await _execute(url, "SELECT one FROM kept")


@pytest.mark.parametrize(("durable", "fsync"), [(True, "on"), (False, "off")])
async def test_durable_is_what_it_says(durable: bool, fsync: str) -> None:
    async with postgres(None, durable=durable) as server:
        connection = await asyncpg.connect(server.url)
        assert await connection.fetchval("SHOW fsync") == fsync
        assert int(await connection.fetchval("SHOW server_version_num")) >= 180000
        assert int(await connection.fetchval("SHOW max_connections")) == 300
        await connection.close()


async def test_a_wrong_password_is_refused(postgres_server: PostgresServer) -> None:
    parts = urlsplit(postgres_server.url)
    wrong = parts._replace(netloc=f"postgres:wrong@{parts.hostname}:{parts.port}").geturl()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)


async def test_nothing_is_left_behind_when_the_body_raises() -> None:
    seen: list[TrackedProcess] = []
    ports: list[int] = []

    async def fail_while_it_runs() -> None:
        async with postgres(None, durable=False) as server:
            connection = await asyncpg.connect(server.url)
            seen.extend(process_tree(await connection.fetchval("SELECT pg_backend_pid()")))
            ports.append(urlsplit(server.url).port or 0)
            assert listeners(ports) == ports
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as raised:
        await fail_while_it_runs()
    assert listeners(ports) == []
    assert not any(member.lives() for member in seen)
    kept = Path(raised.value.__notes__[0].rpartition(" ")[2])
    assert "ready to accept connections" in (kept / "postgres.log").read_text()
    shutil.rmtree(kept)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it under another account")
async def test_programs_that_the_account_cannot_reach_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "can_read", lambda _account, _folder: False)
    async with postgres(None, durable=False) as server:
        await _execute(server.url, "SELECT 1")


async def test_a_given_server_is_used_and_is_not_ours_to_kill(postgres_server: PostgresServer) -> None:
    async with postgres(postgres_server.url) as given:
        name = fresh_name("given")
        await given.create_database(name)
        await given.drop_database(name)
        with pytest.raises(NotOursError, match="HALOSYNC_DEVSTACK_DATABASE_URL"):
            await given.kill()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def test_a_paused_server_answers_nothing_until_it_goes_on(postgres_server: PostgresServer) -> None:
    async with postgres_server.paused():
        with pytest.raises(TimeoutError):
            await asyncpg.connect(postgres_server.url, timeout=1)
    await _execute(postgres_server.url, "SELECT 1")
