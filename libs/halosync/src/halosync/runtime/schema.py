"""A process works only on a schema that fits: it waits for one, and goes back to waiting (spec section 12)."""

import asyncio
from collections.abc import Callable

import structlog

from halosync.observability.waiting import Waiting
from halosync.postgres_failures import PASSING
from halosync.store.pool import Pool
from halosync.store.schema_fit import SchemaMisfitError, schema_check

log = structlog.get_logger(__name__)
waits = Waiting(log)

LOOK_EVERY_S = 5.0
"""How often a process that waits looks whether the schema fits, in seconds."""

_MISFIT_OR_AWAY: tuple[type[Exception], ...] = (SchemaMisfitError, *PASSING)


async def wait_for_schema(pool: Pool, tell: Callable[[str], None]) -> None:
    """Return as soon as the schema fits, however long that takes; `tell` is told why it does not."""
    check = schema_check(pool)
    while True:
        try:
            await check()
        except _MISFIT_OR_AWAY as error:
            tell(str(error) or type(error).__name__)
            waits.tell("a schema that fits", why=str(error) or type(error).__name__, wait_s=LOOK_EVERY_S)
        else:
            return
        await asyncio.sleep(LOOK_EVERY_S)


class SchemaWatch:
    """Looks whether the schema fits, once for two: readiness tells what it saw, and the process stops on a misfit."""

    def __init__(self, pool: Pool) -> None:
        self._look = schema_check(pool)
        self._misfit = asyncio.Event()

    async def check(self) -> None:
        """Look, as a check of readiness.

        Raises:
            SchemaMisfitError: it does not fit. A database that is away says nothing of it.
        """
        try:
            await self._look()
        except SchemaMisfitError as error:
            if not self._misfit.is_set():
                log.warning("the schema does not fit any more: work stops until it does", why=str(error))
            self._misfit.set()
            raise

    async def until_misfit(self, stop: asyncio.Event) -> None:
        """Return once `check` has seen that the schema no longer fits, or once `stop` is set."""
        waits = [asyncio.create_task(event.wait()) for event in (stop, self._misfit)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
