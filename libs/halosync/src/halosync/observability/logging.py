"""Structured logs: one JSON object a line on standard error, secrets masked."""

import logging
import sys
from collections.abc import MutableMapping

import structlog

from halosync.observability.repeats import FLOODS, FewOfAKind

_SECRET_KEYS = frozenset(
    {"access_token", "refresh_token", "authorization", "api_key", "code", "code_verifier", "token"}
)


def _mask(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Replace values under names that hold secrets (spec section 5.6): a second line of defence."""
    for key in event.keys() & _SECRET_KEYS:
        event[key] = "***"
    return event


def configure_logging(level: str, service: str) -> None:
    """Send our logs and those of the libraries to standard error as JSON lines.

    Args:
        level: a name of a standard level, such as `INFO`.
        service: goes into every line.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # httpx logs every URL, aio-pika every reconnect with the broker's URL, uvicorn every request.
    for chatty in ("httpx", "httpcore", "aio_pika", "aiormq", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for flooding, beginnings in FLOODS.items():
        logging.getLogger(flooding).addFilter(FewOfAKind(beginnings))
    structlog.contextvars.bind_contextvars(service=service)
