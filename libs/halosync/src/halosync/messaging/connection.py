"""How a process connects to RabbitMQ."""

from typing import TypedDict
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

HEARTBEAT_S = 10
"""A dead peer is declared after about three of these (messaging-facts 1.1)."""

DRAIN_S = 20.0
"""How long handlers may take to finish on SIGTERM; the whole stop must end within 30 s (spec section 5.8)."""


class ConnectOptions(TypedDict):
    """Keyword arguments of a `RabbitBroker`."""

    url: str
    reconnect_interval: float
    graceful_timeout: float


def connect_options(amqp_url: str) -> ConnectOptions:
    """Return the options that every connection of ours has."""
    parts = urlsplit(amqp_url)
    query = dict(parse_qsl(parts.query))
    query.setdefault("heartbeat", str(HEARTBEAT_S))
    url = urlunsplit(parts._replace(query=urlencode(query)))
    return {"url": url, "reconnect_interval": 1.0, "graceful_timeout": DRAIN_S}
