"""The command, run as an operator runs it, on the servers of a test."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
from devstack.accounts import signed_in
from halosync.cli.main import app
from halosync.domain.accounts import Account
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool
from typer.testing import CliRunner

NO_SERVERS: dict[str, str | None] = {"HALOSYNC_DATABASE_URL": None, "HALOSYNC_AMQP_URL": None, "COLUMNS": "200"}


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """Return the one JSON value on standard output."""
        return json.loads(self.stdout)


class Run(Protocol):
    """Runs a command to its end."""

    async def __call__(self, *arguments: object, answer: str | None = None) -> Finished: ...


def on(environment: Mapping[str, str]) -> Run:
    """Return what runs commands with these settings and no others."""

    async def run(*arguments: object, answer: str | None = None) -> Finished:
        # In a thread: the command starts an event loop of its own.
        result = await asyncio.to_thread(
            CliRunner().invoke,
            app,
            [str(argument) for argument in arguments],
            input=answer,
            env={**NO_SERVERS, **environment},
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Finished(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def lonely() -> Run:
    """Commands without any setting."""
    return on({})


@pytest.fixture
def command(database_url: str) -> Run:
    """Commands that know where Postgres is, with the operator's own role: a missing right is found."""
    return on({"HALOSYNC_DATABASE_URL": signed_in(database_url, Account.OPERATOR)})


@pytest.fixture
def administrator(database_url: str) -> Run:
    """Commands with the account that owns the tables."""
    return on({"HALOSYNC_DATABASE_URL": database_url})


@pytest.fixture
def publishing(database_url: str, amqp_url: str) -> Run:
    """Commands that know where Postgres and RabbitMQ are."""
    return on({"HALOSYNC_DATABASE_URL": signed_in(database_url, Account.OPERATOR), "HALOSYNC_AMQP_URL": amqp_url})


@pytest.fixture
async def acme(pool: Pool) -> str:
    """A connected partner with one invoice of one line."""
    await PartnerStore(pool).add("acme", "Acme")
    await pool.execute("INSERT INTO connection (partner_id, state, tenant) VALUES ('acme', 'connected', 'acme')")
    await pool.execute(
        """INSERT INTO invoice (partner_id, invoice_id, revision, event_id, period, currency, issued_at,
                                line_count, total)
           VALUES ('acme', 'INV-1', 1, gen_random_uuid(), '2026-11', 'AUD', now(), 1, 378)"""
    )
    return "acme"
