"""The statements that a pool sends, in their order: each is a round trip."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from halosync.store.pool import Pool


@asynccontextmanager
async def sent_over(pool: Pool) -> AsyncIterator[list[str]]:
    """Collect what is sent over the connections of a pool, BEGIN and COMMIT too; the library does not tell of COPY."""
    sent: list[str] = []

    def note(statement: Any) -> None:
        sent.append(statement.query)

    for add in (True, False):
        async with AsyncExitStack() as borrowed:
            # All that the pool can have, so that none is opened later that tells nothing.
            for _ in range(pool.get_max_size()):
                connection: Any = await borrowed.enter_async_context(pool.acquire())
                change = connection.add_query_logger if add else connection.remove_query_logger
                change(note)
        if add:
            yield sent
