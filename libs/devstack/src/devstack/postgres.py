"""Postgres: the one that is given, or a private one; databases by name and from templates."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol
from urllib.parse import urlsplit

import asyncpg

from devstack.errors import NotOursError
from devstack.postgres_embedded import EmbeddedPostgres
from devstack.state import StateFolder, state_folder

DATABASE_URL_VARIABLE = "HALOSYNC_DEVSTACK_DATABASE_URL"


class Owned(Protocol):
    """What can be done to a server that we started."""

    async def start(self) -> None:
        """Run it until it answers."""

    async def kill(self) -> None:
        """End it as a crash does."""

    def paused(self) -> AbstractAsyncContextManager[None]:
        """Stop it while the body runs."""


class PostgresServer:
    """A running server and an account on it that may create databases.

    Attributes:
        url: URL of the administrative database.
    """

    def __init__(self, url: str, owned: Owned | None = None) -> None:
        self.url = url
        self._owned = owned

    async def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, as a copy of `template` if given (milliseconds), and return its URL.

        Nobody may be connected to the template meanwhile; Postgres waits 5 s for the last one to leave.

        Raises:
            asyncpg.DuplicateDatabaseError: there is one of that name.
        """
        # Copying the files takes a quarter of the time of writing all of them to the log, which is the default.
        source = f" TEMPLATE {_quoted(template)} STRATEGY FILE_COPY" if template is not None else ""
        await self._execute(f"CREATE DATABASE {_quoted(name)}{source}")
        return self.url_of(name)

    def url_of(self, name: str) -> str:
        """Return the URL of a database."""
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    async def drop_database(self, name: str) -> None:
        """Drop a database if it is there, and disconnect whoever uses it."""
        await self._execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    async def kill(self) -> None:
        """End the server as a crash does: connections break, the next start recovers.

        Raises:
            NotOursError: the server was given by URL.
        """
        await self._ours().kill()

    async def restart(self) -> None:
        """Start the server again, on the same port and with the same databases; one that runs is killed first.

        Raises:
            NotOursError: the server was given by URL.
        """
        await self._ours().kill()
        await self._ours().start()

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Stop the server while the body runs, then let it go on: connections stand, and nothing answers.

        Raises:
            NotOursError: the server was given by URL.
        """
        async with self._ours().paused():
            yield

    def _ours(self) -> Owned:
        if self._owned is None:
            raise NotOursError(f"Postgres was given by URL and is not ours to stop; unset {DATABASE_URL_VARIABLE}.")
        return self._owned

    async def _execute(self, statement: str) -> None:
        # A connection for each statement: it is never in the way of a restart and belongs to no event loop.
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@asynccontextmanager
async def postgres(
    url: str | None, *, durable: bool = True, state: StateFolder | None = None
) -> AsyncIterator[PostgresServer]:
    """Give the server at `url`, or else start a private one that ends with the body.

    Args:
        url: administrative database of a server that runs; its account may create databases.
        durable: whether a committed transaction survives a power cut; False is faster, and enough for tests.
        state: where the private server keeps its files; by default a temporary folder of its own.

    Raises:
        DevstackError: the private server does not start; the message has the end of its log.
    """
    if url is not None:
        yield PostgresServer(url)
    elif state is None:
        with state_folder() as own:
            async with postgres(None, durable=durable, state=own) as server:
                yield server
    else:
        embedded = EmbeddedPostgres(state, durable=durable)
        try:
            await embedded.start()
            yield PostgresServer(embedded.url, embedded)
        finally:
            await embedded.stop()


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
