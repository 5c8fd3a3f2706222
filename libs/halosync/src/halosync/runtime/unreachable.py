"""What is said of a server that cannot be reached, and of a port that cannot be had: where, why, which setting."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from aio_pika.exceptions import AMQPError
from aiormq.exceptions import InvalidFrameError

from halosync.postgres_failures import POSTGRES_FAILURES

_FAILURES: tuple[type[Exception], ...] = (*POSTGRES_FAILURES, AMQPError, OSError, ValueError)
"""What connecting raises. `TimeoutError` is an `OSError`; `ValueError` is an address that the library cannot read."""


class UnreachableError(Exception):
    """A server cannot be reached; the text says where, why, and which setting to look at."""


class CannotListenError(Exception):
    """A port cannot be had; the text says why, and which setting to look at."""


@contextmanager
def reaching(server: str, variable: str, url: str) -> Iterator[None]:
    """Turn what connecting raises into one sentence. Nothing but connecting belongs in the block.

    Args:
        server: Postgres or RabbitMQ.
        variable: the setting that has the address.
        url: the address.

    Raises:
        UnreachableError: instead of what connecting raised.
    """
    try:
        yield
    except _FAILURES as error:
        raise UnreachableError(unreachable(server, variable, url, error)) from None


def unreachable(server: str, variable: str, url: str, error: BaseException) -> str:
    """Return the sentence. The address is given without its password."""
    parts = urlsplit(url)
    where = f"{parts.netloc.rpartition('@')[2] or 'the usual place'}{parts.path}"
    why = _why(error)
    for password in (parts.password, unquote(parts.password or "")):
        why = why.replace(password, "***") if password else why
    return f"cannot reach {server} at {where}: {why}; is it running, and is {variable} right?"


def cannot_listen(host: str, port: int, setting: str, error: BaseException | None) -> str:
    """Return the sentence; `setting` is the variable that says the port, and one beside it says the address."""
    host_setting = setting.replace("_PORT", "_HOST")
    known = {
        errno.EADDRINUSE: f"another process listens there; end that one, or set {setting} to another port",
        errno.EACCES: f"this port is for root alone; set {setting} to one above 1023",
        errno.EADDRNOTAVAIL: f"this machine has no such address; set {host_setting} to one that it has",
    }
    number = error.errno if isinstance(error, OSError) else None
    why = known.get(number or 0) or f"{error}; are {host_setting} and {setting} right?"
    return f"cannot listen at {host} port {port}: {why}"


def _why(error: BaseException) -> str:
    if isinstance(error, InvalidFrameError):  # what the library makes of a refusal to open the virtual host
        return "it has no such virtual host, or closes it to this user"
    text = str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"{text}; ?cafile=FILE in the address names the authority to trust"
    if "WRONG_VERSION_NUMBER" in text:
        return "that port speaks no TLS"
    return text
