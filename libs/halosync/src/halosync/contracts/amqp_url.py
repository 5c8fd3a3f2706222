"""AMQP URLs as RabbitMQ documents them, for aio-pika, which silently passes over what it does not know.

RabbitMQ's own names of parameters are taken besides aio-pika's where they mean the same; what nobody would carry out is
refused by its name (RabbitMQ, "AMQP URI Specification" and "AMQP URI Query Parameters").
"""

from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import AfterValidator

from halosync.contracts.database_url import check_ports, check_readable

HEARTBEAT_S = 10
"""A dead peer is declared after about three of these (messaging-facts section 1.1)."""
MOST_HEARTBEAT_S = 60

_SCHEMES = ("amqp", "amqps")
_NAMES = {"cacertfile": "cafile", "auth_mechanism": "auth"}
"""RabbitMQ's names of what aio-pika calls otherwise."""
_FILES = ("cafile", "certfile", "keyfile")
_OF_TLS = (*_FILES, "capath", "cadata", "no_verify_ssl")
_KNOWN = ("heartbeat", "timeout", "name", "auth", *_OF_TLS)

_UNREADABLE = "it cannot be read; in a user and a password write @ : / ? # as %40 %3A %2F %3F %23"


def connect_url(url: str) -> str:
    """Return what aio-pika takes for a URL: with a heartbeat, and under the names that it knows.

    Raises:
        ValueError: it is no such URL, or asks for what is not carried out; the text never holds the URL.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # its words have the URL
        raise ValueError(_UNREADABLE) from None
    if parts.scheme not in _SCHEMES:
        raise ValueError("it must begin with amqp:// or amqps://, such as amqp://user:password@host:5672/%2F")
    if parts.fragment or url.endswith("#"):
        raise ValueError("it has a #; in a password write %23 instead")
    if "@" in parts.path or "@" in parts.query:
        raise ValueError(_UNREADABLE)
    place = parts.netloc.rpartition("@")[2]
    if "," in place:
        raise ValueError("it names several hosts; name one that leads to all nodes of the cluster")
    check_ports(parts.netloc, [])
    if not parts.hostname:
        raise ValueError("it names no host; write amqp://user:password@host:5672/%2F")
    told: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        known = _NAMES.get(name, name)
        if known not in _KNOWN:
            raise ValueError(f"the parameter {name} is not known; known are {', '.join(_KNOWN)}")
        if value:
            told[known] = value
    _check(told, tls=parts.scheme == "amqps")
    query = urlencode({"heartbeat": str(HEARTBEAT_S), **told})
    return urlunsplit(parts._replace(query=query))


def _check(told: dict[str, str], *, tls: bool) -> None:
    """Raise if a parameter has a value that would not be carried out."""
    _whole_number(told, "heartbeat", MOST_HEARTBEAT_S, "; without heartbeats nobody notices a broker that is gone")
    _whole_number(told, "timeout", 3600, "")
    if told.get("auth", "plain").lower() not in {"plain", "external"}:
        raise ValueError("auth must be plain or external")
    if told.get("no_verify_ssl", "0") not in {"0", "1"}:
        raise ValueError("no_verify_ssl must be 0 or 1")
    if not tls and (given := [name for name in _OF_TLS if name in told]):
        raise ValueError(f"{given[0]} is for TLS; begin with amqps:// or leave it out")
    for name in _FILES:
        if name in told:
            check_readable(name, told[name])


def _whole_number(told: dict[str, str], name: str, most: int, why: str) -> None:
    text = told.get(name, "1")
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= most):
        raise ValueError(f"{name} is a whole number of seconds from 1 to {most}{why}")


def _checked(url: str) -> str:
    connect_url(url)
    return url


AmqpUrl = Annotated[str, AfterValidator(_checked)]
"""A setting that says where RabbitMQ is."""
