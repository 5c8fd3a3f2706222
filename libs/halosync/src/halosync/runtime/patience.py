"""Waiting for Postgres and RabbitMQ, which may start together with us."""

import structlog
from aio_pika.exceptions import AMQPConnectionError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from halosync.observability.waiting import Waiting
from halosync.postgres_failures import PASSING

waits = Waiting(structlog.get_logger(__name__))

START_PATIENCE_S = 60.0
"""How long a starting process waits for Postgres and RabbitMQ before it gives up and lets its supervisor decide."""


def patiently(server: str) -> AsyncRetrying:
    """Return what calls something again while `server` is away; after `START_PATIENCE_S` its failure is raised."""

    def tell(state: RetryCallState) -> None:
        """Say so without the error's text, which may hold an address with its password."""
        error = None if state.outcome is None else state.outcome.exception()
        waits.tell(server, why=type(error).__name__, wait_s=state.upcoming_sleep)

    return AsyncRetrying(
        retry=retry_if_exception_type((*PASSING, AMQPConnectionError)),
        stop=stop_after_delay(START_PATIENCE_S),
        wait=wait_exponential_jitter(multiplier=0.2, max=3.0),
        before_sleep=tell,
        reraise=True,
    )
