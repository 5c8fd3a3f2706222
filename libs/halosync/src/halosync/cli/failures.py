"""Every failure is one line that says what to do, never a traceback (exit code 1; 2 is for usage and settings)."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import typer
from aio_pika.exceptions import AMQPError

from halosync.cli.output import complain
from halosync.messaging.administration import BrokerRefusedError
from halosync.messaging.publisher import NotPublishedError
from halosync.ports.keys import TooManyKeysError
from halosync.ports.partners import RemovedPartnerError, UnknownPartnerError
from halosync.ports.retention import NotRemovableError
from halosync.postgres_failures import POSTGRES_FAILURES
from halosync.runtime.unreachable import UnreachableError
from halosync.store.grants import TooMightyError
from halosync.store.migrate import MigrationChangedError, WrongEncodingError


class CommandError(Exception):
    """The command cannot do what was asked; the text says why and what to do."""


OPERATORS_REQUEST = "is it running, and does HALOSYNC_AMQP_URL sign in as the operator?"
"""What to look at when a service does not answer: it answers nobody who may not ask."""


@contextmanager
def told() -> Iterator[None]:
    """Turn expected failures into a line on standard error and exit code 1; anything else is a bug and is raised."""
    try:
        yield
    except _TOLD as error:
        complain(_in_words(error))
        raise typer.Exit(1) from None


_TOLD: tuple[type[Exception], ...] = (
    *(CommandError, UnreachableError),
    *POSTGRES_FAILURES,
    *(UnknownPartnerError, TooManyKeysError, NotPublishedError, MigrationChangedError, TooMightyError),
    *(NotRemovableError, RemovedPartnerError, WrongEncodingError),
    *(BrokerRefusedError, AMQPError, OSError),
)


def _in_words(error: Exception) -> str:
    match error:
        case UnknownPartnerError():
            return f"{error}; `halosync partner list` shows them, `halosync partner add` adds one"
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError() | asyncpg.UndefinedFunctionError():
            return f"the database does not have this version's tables ({error}): run `halosync migrate`"
        case NotPublishedError():
            return f"RabbitMQ did not take the message: {error}"
        case AMQPError():
            return f"RabbitMQ refused: {error or type(error).__name__}"
        case _:
            return f"Postgres refused: {error}" if isinstance(error, POSTGRES_FAILURES) else str(error)
