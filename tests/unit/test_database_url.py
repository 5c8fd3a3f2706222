"""Database URLs as libpq documents them."""

import asyncio
import struct
from io import StringIO
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import asyncpg
import pytest
from devstack.options import StackOptions
from devstack.postgres import PostgresServer
from devstack.servers import Servers
from devstack.stack import Stack
from devstack.state import state_folder
from devstack.up import addresses, without_password
from halosync.contracts.database_url import connect_arguments
from halosync.store.pool import open_pool
from rich.console import Console

OF_LIBPQ = [
    "postgresql://",
    "postgresql://localhost",
    "postgresql://localhost:5433",
    "postgresql://localhost/mydb",
    "postgresql://user@localhost",
    "postgresql://user:secret@localhost",
    "postgresql://other@localhost/otherdb?application_name=myapp",
    "postgresql://host1:123,host2:456/somedb?target_session_attrs=any",
    "postgresql://user@localhost:5433/mydb?options=-c%20synchronous_commit%3Doff",
    "postgresql:///mydb?host=localhost&port=5433",
    "postgresql://[2001:db8::1234]/database",
    "postgresql://[2001:db8::1234]:5433/database",
    "postgresql:///dbname?host=/var/lib/postgresql",
    "postgresql://%2Fvar%2Flib%2Fpostgresql/dbname",
    "postgres://user:p%40ss%2F@h/d",
    "postgresql://h/d?sslmode=require&sslrootcert=/ca.pem",
    "postgresql:///d?service=mine",
]


@pytest.mark.parametrize("url", OF_LIBPQ)
def test_the_examples_of_libpqs_documentation_are_taken(url: str) -> None:
    arguments = connect_arguments(url)
    assert set(arguments) == {"dsn"}
    assert parse_qsl(urlsplit(arguments["dsn"]).query) == parse_qsl(urlsplit(url).query)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10", 10.0), ("1", 2.0), ("0", None), ("-1", None)],
)
def test_connect_timeout_is_carried_out(text: str, seconds: float | None) -> None:
    arguments = connect_arguments(f"postgresql://h/d?connect_timeout={text}&application_name=a")
    assert arguments.get("timeout") == seconds
    assert arguments["dsn"] == "postgresql://h/d?application_name=a"


def test_what_only_libpq_needs_is_kept_from_postgres() -> None:
    only = "keepalives=1&keepalives_idle=30&tcp_user_timeout=5000&gssencmode=disable&channel_binding=prefer"
    assert connect_arguments(f"postgresql://h/d?{only}") == {"dsn": "postgresql://h/d"}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://u:s3cret@h/d", "must begin with postgresql://"),
        ("host=h dbname=d password=s3cret", "must begin with postgresql://"),
        ("postgresql://u:s3cret#x@h/d", "write %23"),
        ("postgresql://u:s3cret@h:99999/d", "a port"),
        ("postgresql://u:s3cret@h:x/d", "a port"),
        ("postgresql://u:s3cret/x@h/d", "a port"),
        ("postgresql:///d?port=1,x", "a port"),
        ("postgresql://h/d?connect_timeout=soon", "whole number"),
        ("postgresql://h/d?channel_binding=require", "channel_binding=require is not supported"),
        ("postgresql://h/d?hostaddr=10.0.0.1", "hostaddr"),
    ],
)
def test_what_cannot_be_is_told_without_the_password(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as error:
        connect_arguments(url)
    assert "s3cret" not in str(error.value)


async def test_a_unix_socket_and_a_pooler_in_front_are_asked_for_nothing_special(tmp_path: Path) -> None:
    """A pooler refuses most settings that come with the connection."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (size,) = struct.unpack("!I", await reader.readexactly(4))
        asked.append(await reader.readexactly(size - 4))
        writer.close()

    async with await asyncio.start_unix_server(answer, tmp_path / ".s.PGSQL.6432"):
        with pytest.raises((ConnectionError, asyncpg.PostgresConnectionError)):
            await open_pool(f"postgresql://me@/db?host={tmp_path}&port=6432&connect_timeout=3", application="planner")
    names = asked[0][4:].rstrip(b"\0").split(b"\0")[::2]
    assert set(names) == {b"user", b"database", b"client_encoding", b"application_name"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:s3cret@h:1/d", "postgresql://me@h:1/d"),
        ("amqp://me:s3cret@h:1/%2F", "amqp://me@h:1/%2F"),
        ("postgresql:///d?host=/run&password=s3cret", "postgresql:///d?host=/run"),
        ("amqp://h/", "amqp://h/"),
    ],
)
def test_what_a_person_is_shown_has_no_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_nothing_that_up_prints_has_a_password() -> None:
    """The whole table of addresses, with servers that were given by URLs with passwords."""
    servers = Servers("postgresql://me:s3cret@h:1/d?password=s3cret", "amqp://me:s3cret@h:1/%2F", None, None)
    options = StackOptions(token_keys="s3cret", environment={"HALOSYNC_SMTP_URL": "smtp://me:s3cret@h"})
    with state_folder() as folder:
        table = addresses(Stack(servers, options, folder))
    printed = StringIO()
    Console(file=printed, width=200).print(table)
    assert "postgresql://me@h:1/d" in printed.getvalue()
    assert "Look into Postgres" not in printed.getvalue(), "who gave it by URL knows how to sign in"
    assert "s3cret" not in printed.getvalue()


def test_up_says_how_to_sign_in_to_a_postgres_of_its_own_and_keeps_the_password_in_a_file() -> None:
    url = "postgresql://me:s3c:r%5Cet@h:1/d"
    servers = Servers(url, "amqp://h/", PostgresServer(url), None)
    printed = StringIO()
    with state_folder() as folder:
        Console(file=printed, width=300).print(addresses(Stack(servers, StackOptions(), folder)))
        passwords = folder.path / "login" / "pgpass"
        assert passwords.read_text() == "h:1:d:me:s3c\\:r\\\\et\n"
        assert passwords.stat().st_mode & 0o077 == 0
    assert f"PGPASSFILE={passwords} " in printed.getvalue()
    assert "psql -h h -p 1 -U me d" in printed.getvalue()
    assert "s3c" not in printed.getvalue()
