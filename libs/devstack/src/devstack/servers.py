"""Postgres and RabbitMQ for one stack: given, found or started, with a database and a virtual host of its own."""

import os
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from halosync.domain.accounts import Account

from devstack.accounts import passwords, signed_in
from devstack.errors import NotOursError
from devstack.options import StackOptions
from devstack.postgres import DATABASE_URL_VARIABLE, PostgresServer, postgres
from devstack.psql import psql_command
from devstack.rabbitmq import RabbitServer, rabbitmq
from devstack.rabbitmq_choice import AMQP_URL_VARIABLE, find_rabbitmq
from devstack.state import StateFolder


@dataclass(frozen=True)
class Servers:
    """What the services of one stack are connected to.

    Attributes:
        database_url: a database, with an account that may do everything.
        amqp_url: a virtual host, likewise.
    """

    database_url: str
    amqp_url: str
    _postgres: PostgresServer | None
    _rabbit: RabbitServer | None

    def psql(self, state: StateFolder) -> str | None:
        """Return the command with which a person signs in to a database of ours; None where it was given by URL."""
        return None if self._postgres is None else psql_command(self.database_url, state.folder("login"))

    def settings_of(self, account: Account) -> Mapping[str, str]:
        """Return the addresses with which an account signs in; of a server that was given, the one that was given."""
        database_url, amqp_url = self.database_url, self.amqp_url
        return {
            "DATABASE_URL": database_url if self._postgres is None else signed_in(database_url, account),
            "AMQP_URL": amqp_url if self._rabbit is None else signed_in(amqp_url, account),
        }

    def administrator(self) -> Mapping[str, str]:
        """Return the settings of `halosync migrate`, which makes the users of the servers that are ours."""
        settings = dict(passwords())
        if self._postgres is not None:
            settings["ADMIN_DATABASE_URL"] = self.database_url
        if self._rabbit is not None:
            settings["ADMIN_AMQP_URL"] = self.amqp_url
            settings["ADMIN_AMQP_MANAGEMENT_URL"] = self._rabbit.management_url
        return settings

    @property
    def postgres(self) -> PostgresServer:
        """The server of the database.

        Raises:
            NotOursError: the database was given.
        """
        if self._postgres is None:
            raise NotOursError("the database was given by URL; its server is not ours")
        return self._postgres

    @property
    def rabbit(self) -> RabbitServer:
        """The server of the virtual host.

        Raises:
            NotOursError: the virtual host was given.
        """
        if self._rabbit is None:
            raise NotOursError("the virtual host was given by URL; its server is not ours")
        return self._rabbit


async def open_servers(
    options: StackOptions,
    exits: AsyncExitStack,
    state: StateFolder,
    postgres_server: PostgresServer | None = None,
    rabbit_server: RabbitServer | None = None,
) -> Servers:
    """Find or start what is not given, one after the other, and register its end with `exits`.

    Database and virtual host are removed afterwards where the server stays.
    """
    database_url, amqp_url = options.database_url, options.amqp_url
    name = fresh_name("stack")
    if database_url is None:
        given = os.environ.get(DATABASE_URL_VARIABLE)
        stays = postgres_server is not None or given is not None
        if postgres_server is None:
            options.progress("Starting Postgres")
            postgres_server = await exits.enter_async_context(postgres(given, durable=options.durable, state=state))
        database_url = await postgres_server.create_database(name)
        if stays:
            exits.push_async_callback(postgres_server.drop_database, name)
    if amqp_url is None:
        given = os.environ.get(AMQP_URL_VARIABLE)
        stays = rabbit_server is not None or given is not None
        if rabbit_server is None:
            options.progress(f"Starting RabbitMQ: {find_rabbitmq(given).value}")
            rabbit_server = await exits.enter_async_context(rabbitmq(given, state=state))
        amqp_url = await rabbit_server.create_vhost(name)
        if stays:
            exits.push_async_callback(rabbit_server.delete_vhost, name)
    return Servers(database_url, amqp_url, postgres_server, rabbit_server)


def fresh_name(purpose: str) -> str:
    """Return a new name for a database or virtual host."""
    return f"halosync_{purpose}_{secrets.token_hex(6)}"
