"""An outbox with its relay, and what came out of it."""

import asyncio
from dataclasses import dataclass, field
from uuid import uuid4

import aio_pika
from devstack.wait import until
from halosync.contracts.run import RunRequested
from halosync.messaging.publisher import Publisher
from halosync.messaging.topology import RUN_REQUESTED
from halosync.runtime.relay import Relay
from halosync.store.outbox import emit_many
from halosync.store.pool import Pool

from .conftest import PATIENCE_S, Outside


class UndoneError(Exception):
    """Rolls a transaction back."""


@dataclass
class Office:
    """An outbox and what relays of several processes make of it."""

    database_url: str
    pool: Pool
    publisher: Publisher
    committed: asyncio.Event | None = field(default=None, kw_only=True)

    def relay(self) -> Relay:
        return Relay(self.database_url, self.pool, self.publisher, self.committed)

    async def emit(self, count: int = 1, prefix: str = "partner") -> list[str]:
        names = [f"{prefix}-{number:03}" for number in range(count)]
        async with self.pool.acquire() as connection, connection.transaction():
            await emit_many(connection, [RunRequested(run_id=uuid4(), partner_id=name) for name in names])
        return names

    async def left(self) -> int:
        return int(await self.pool.fetchval("SELECT count(*) FROM outbox"))

    async def emptied(self) -> None:
        async def empty() -> bool:
            return await self.left() == 0

        await until(empty, what="an empty outbox", timeout_s=PATIENCE_S)


async def received(outside: Outside, count: int) -> list[str]:
    """Take so many messages; return whom they are for."""
    bodies = [(await outside.take(RUN_REQUESTED.name)).body for _ in range(count)]
    return [RunRequested.model_validate_json(body).partner_id for body in bodies]


async def everything(amqp_url: str) -> set[str]:
    """Take all that waits, with a connection that the test has not closed."""
    async with await aio_pika.connect(amqp_url) as connection:
        queue = await (await connection.channel()).get_queue(RUN_REQUESTED.name)
        found = set()
        while (message := await queue.get(no_ack=True, fail=False)) is not None:
            found.add(RunRequested.model_validate_json(message.body).partner_id)
        return found
