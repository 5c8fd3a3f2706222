"""A process works only on a schema that fits: it waits for one, and goes back to waiting (spec section 12)."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog

from halosync.messaging.endings import PASSING
from halosync.store.schema_fit import SchemaMisfitError, schema_check

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 5.0
"""How often a process looks whether the schema fits, in seconds."""

_MISFIT_OR_AWAY: tuple[type[Exception], ...] = (SchemaMisfitError, *PASSING)

TELL_EVERY_S = 60.0
"""How often a process that waits says so in its log, in seconds."""


async def wait_for_schema(pool: "asyncpg.Pool[Any]", tell: Callable[[str], None]) -> None:
    """Return as soon as the schema fits, however long that takes; `tell` is told why it does not."""
    check, clock, told_at = schema_check(pool), asyncio.get_running_loop().time, float("-inf")
    while True:
        try:
            await check()
        except _MISFIT_OR_AWAY as error:
            tell(str(error) or type(error).__name__)
            if clock() - told_at >= TELL_EVERY_S:
                log.warning("waiting for a schema that fits", why=str(error) or type(error).__name__)
                told_at = clock()
        else:
            return
        await asyncio.sleep(LOOK_EVERY_S)


async def watch_schema(pool: "asyncpg.Pool[Any]", stop: asyncio.Event) -> None:
    """Return when the schema no longer fits, or once `stop` is set. A database that is away says nothing of it."""
    check = schema_check(pool)
    while not stop.is_set():
        try:
            await check()
        except SchemaMisfitError as error:
            log.warning("the schema does not fit any more: work stops until it does", why=str(error))
            return
        except PASSING as error:
            log.info("the schema was not looked at", why=type(error).__name__)
        try:
            await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
        except TimeoutError:
            continue
