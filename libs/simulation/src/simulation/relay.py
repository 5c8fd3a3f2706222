"""A double of `halosync.runtime.relay.Relay`, under the same suite (tests/integration/messaging/test_relays.py)."""

import asyncio
from contextlib import suppress

from halosync.messaging.publisher import NotAnsweredError, NotPublishedError
from halosync.runtime.relay import BATCH, POLL_S

from simulation.broker import Broker
from simulation.clock import sleep
from simulation.database import Database
from simulation.process import Process
from simulation.rows import OutboxRow


class MemoryRelay:
    """Publishes what the outbox holds, in one process."""

    def __init__(self, process: Process, database: Database, broker: Broker) -> None:
        self._process = process
        self._db = database
        self._broker = broker
        self._answered = True

    async def run(self) -> None:
        """Publish, every `POLL_S` seconds while the outbox holds something; a failure is passed over."""
        while True:
            await self._db.outbox_filled.wait()
            await sleep(POLL_S)
            await self._process.gate()
            with suppress(OSError, NotPublishedError):
                await self.drain()

    async def drain(self) -> int:
        """As `Relay.drain`."""
        free = [row for row in self._db.outbox if row.locked_by is None or not row.locked_by.alive]
        rows = free[: BATCH if self._answered else 1]
        self._answered = True
        for row in rows:
            row.locked_by = self._process
        try:
            results = await asyncio.gather(*(self._published(row) for row in rows))
            done = {id(row) for row, confirmed in zip(rows, results, strict=True) if confirmed}
            if done:
                await self._process.step(lambda: self._delete(done))
        finally:
            for row in rows:
                row.locked_by = None
        if len(done) < len(rows):
            raise NotPublishedError(f"{len(rows) - len(done)} of {len(rows)} messages")
        return len(done)

    async def _published(self, row: OutboxRow) -> bool:
        try:
            await self._broker.publish(self._process, row.envelope)
        except NotPublishedError as error:
            self._answered = self._answered and not isinstance(error, NotAnsweredError)
            return False
        return True

    def _delete(self, done: set[int]) -> None:
        self._db.outbox = [row for row in self._db.outbox if id(row) not in done]
        if not self._db.outbox:
            self._db.outbox_filled.clear()
