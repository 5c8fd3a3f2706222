"""How a process connects to RabbitMQ."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict
from urllib.parse import unquote, urlsplit

from aiormq.abc import AbstractChannel
from aiormq.connection import Connection
from faststream.rabbit import RabbitBroker

from halosync.contracts.amqp_url import connect_url
from halosync.messaging.faststream_private import connection_of

DRAIN_S = 20.0
"""How long handlers may take to finish on SIGTERM; the whole stop must end within 30 s (spec section 5.8)."""


class ConnectOptions(TypedDict):
    """Keyword arguments of a `RabbitBroker`."""

    url: str
    reconnect_interval: float
    graceful_timeout: float


def connect_options(amqp_url: str) -> ConnectOptions:
    """Return the options that every connection of ours has."""
    return {"url": connect_url(amqp_url), "reconnect_interval": 1.0, "graceful_timeout": DRAIN_S}


def user_of(amqp_url: str) -> str:
    """Return the name of the user that an address signs in."""
    return unquote(urlsplit(amqp_url).username or "guest")


@contextmanager
def given_up() -> Iterator[None]:
    """Tell what waits for a connection that it was given up, instead of cancelling it.

    When the library gives up a connection whose heartbeats are missing, it passes the cancellation of its own reader on
    to everybody who waits for an answer. Taken for a cancellation of theirs, it would end handlers and the process.

    Raises:
        ConnectionError: instead of a cancellation that nobody asked for.
    """
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise ConnectionError("the connection was given up") from None


def connection_now(broker: RabbitBroker) -> Connection:
    """Return the connection to the server as it is now; after a reconnect it is another one.

    Raises:
        ConnectionError: there is none now; the library makes a new one by itself.
    """
    connection = connection_of(broker)
    if connection is None or connection.is_closed or not connection.connected.is_set():
        raise ConnectionError("the connection is down")
    return connection


async def plain_channel(broker: RabbitBroker) -> AbstractChannel:
    """Open a channel that nothing restores: it ends with its connection, or with the first call that is refused.

    What is only asked for belongs on such a channel: a refusal (404, 406) closes the channel it came on, and a working
    one must not be closed by a question.

    Raises:
        ConnectionError: the connection is down.
    """
    return await connection_now(broker).channel(publisher_confirms=False)
