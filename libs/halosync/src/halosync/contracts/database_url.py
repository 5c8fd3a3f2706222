"""Database URLs as libpq documents them, for asyncpg, which takes most of their parameters and hands the rest on.

Postgres itself refuses a parameter that only libpq knows, so each of those is carried out here, needs nothing, or is
refused by its name (libpq, "Connection URIs" and "Parameter Key Words").
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from pydantic import AfterValidator

_SCHEMES = ("postgresql", "postgres")
_LEAST_S = 2.0
"""libpq waits no shorter than this."""

_NEEDS_NOTHING = frozenset(
    {
        # The library's own ways are as good.
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"),
        *("sslcompression", "sslsni", "load_balance_hosts", "fallback_application_name"),
    }
)
_HARMLESS: Mapping[str, frozenset[str]] = {
    "channel_binding": frozenset({"disable", "prefer"}),
    "gssencmode": frozenset({"disable", "prefer"}),
    "require_auth": frozenset({""}),
}
"""Parameters that are not carried out, by the values with which this weakens nothing."""
_FILES = frozenset({"sslrootcert", "sslcert", "sslkey", "sslcrl"})
_NO_FILES = frozenset({"system"})
"""What stands in the place of a file."""
_REFUSED = frozenset({"hostaddr", "sslcrldir", "sslcertmode", "replication", "requirepeer", "gssdelegation"})


def connect_arguments(url: str) -> dict[str, Any]:
    """Return what `asyncpg.connect` needs for a URL.

    Raises:
        ValueError: it is no such URL, or asks for what is not carried out; the text never holds the URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise ValueError("it must begin with postgresql://, such as postgresql://user:password@host:5432/database")
    if parts.fragment:
        raise ValueError("it has a #; in a password write %23 instead")
    kept: list[tuple[str, str]] = []
    arguments: dict[str, Any] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name == "connect_timeout":
            arguments |= _timeout(value)
        elif name in _REFUSED or (name in _HARMLESS and value not in _HARMLESS[name]):
            raise ValueError(f"the parameter {name}={value} is not supported; leave it out")
        elif name == "sslmode" and value == "":
            continue
        elif name not in _NEEDS_NOTHING and name not in _HARMLESS:
            kept.append((name, value))
    check_ports(parts.netloc, [value for name, value in kept if name == "port"])
    place = url.partition("?")[0]
    return {"dsn": f"{place}?{urlencode(kept)}" if kept else place, **arguments}


def _timeout(value: str) -> dict[str, float]:
    try:
        seconds = int(value)
    except ValueError:
        raise ValueError("connect_timeout is a whole number of seconds") from None
    return {"timeout": max(float(seconds), _LEAST_S)} if seconds > 0 else {}


def check_ports(netloc: str, listed: list[str]) -> None:
    """Look at the ports of a URL's hosts, and at those that its parameters list.

    Raises:
        ValueError: one is none.
    """
    hosts = netloc.rpartition("@")[2].split(",")
    ports = [host.rpartition(":")[2] for host in hosts if ":" in host.rpartition("]")[2]]
    for port in (*(unquote(port) for port in ports), *(port for each in listed for port in each.split(","))):
        if port and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
            raise ValueError("a port is a number from 1 to 65535; a password writes @ : / as %40 %3A %2F")


def check_readable(name: str, path: str) -> None:
    """Look at a file that a URL's parameter names.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"the file {path} of {name} cannot be read: {error.strerror}") from None


def _checked(url: str) -> str:
    connect_arguments(url)
    for name, value in parse_qsl(urlsplit(url).query):
        if name in _FILES and value not in _NO_FILES:
            check_readable(name, value)
    return url


DatabaseUrl = Annotated[str, AfterValidator(_checked)]
"""A setting that says where Postgres is."""
