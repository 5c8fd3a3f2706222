"""The relay: publishes what the outbox holds, in any process, as soon as it is committed."""

import asyncio

import asyncpg
import structlog

from halosync.contracts.database_url import connect_arguments
from halosync.messaging.publisher import NotAnsweredError, NotPublishedError, Publisher
from halosync.observability.metrics import OUTBOX_FAILURES, OUTBOX_PUBLISHED
from halosync.observability.waiting import Waiting
from halosync.postgres_failures import PASSING, POSTGRES_FAILURES
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES

log = structlog.get_logger(__name__)
waits = Waiting(log)

BATCH = 200

_TROUBLE: tuple[type[Exception], ...] = (NotPublishedError, *POSTGRES_FAILURES, *PASSING)
"""What a relay waits out: it says nothing of what the outbox holds."""

POLL_S = 1.0
"""How long a message waits at most that nobody was told of, or whose process died; also the pause after a failure."""


class Relay:
    """Publishes the rows of the outbox and deletes them once the broker has confirmed them.

    A crash between the two publishes a message twice, which every consumer bears. Several relays share the work:
    each locks the rows it publishes. What the pool of this process commits is left to this one, for as long as it
    lives: five that are told of each message cost more than the one that publishes it.

    `committed` is set when the process has committed something to publish.
    """

    def __init__(
        self, database_url: str, pool: Pool, publisher: Publisher, committed: asyncio.Event | None = None
    ) -> None:
        self._database_url = database_url
        self._pool = pool
        self._publisher = publisher
        self._wake = committed or asyncio.Event()
        self._answered = True
        self._more = False
        self._refused: set[str] = set()

    async def drain(self) -> int:
        """Publish one batch; return how many messages the broker confirmed.

        A broker that does not answer is tried with one message at a time: it may deliver all that it was sent once it
        takes messages again, and an outage must not end in a flood of doubles. What the broker refused last time (its
        exchange is gone, no queue takes it) has only the places of a batch that others leave, however much of it waits.

        Raises:
            NotPublishedError: not all were confirmed; those stay.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            most = BATCH if self._answered else 1
            rows = await self._lock(connection, most)
            self._answered, self._more = True, len(rows) == most
            refused: set[str] = set()
            confirmed: list[int] = []
            # A message to an exchange that is gone takes what is in flight down with it: each exchange has its turn.
            for exchange in dict.fromkeys(row["exchange"] for row in rows):
                turn = [row for row in rows if row["exchange"] == exchange]
                results = await asyncio.gather(*map(self._publish, turn))
                confirmed += [row["outbox_id"] for row, ok in zip(turn, results, strict=True) if ok]
                refused |= {_kind(row) for row, ok in zip(turn, results, strict=True) if not ok}
            if confirmed:
                await QUERIES.delete_from_outbox(connection, outbox_ids=confirmed)
        self._refused = self._refused - set(map(_kind, rows)) | refused
        if len(confirmed) < len(rows):
            OUTBOX_FAILURES.inc()
            raise NotPublishedError(f"{len(rows) - len(confirmed)} of {len(rows)} messages")
        return len(confirmed)

    async def _lock(self, connection: Connection, most: int) -> list[asyncpg.Record]:
        refused = list(self._refused)
        rows = [row async for row in QUERIES.lock_outbox(connection, refused=refused, most=most)]
        if refused and len(rows) < most:
            rows += [row async for row in QUERIES.lock_refused(connection, refused=refused, most=most - len(rows))]
        return rows

    async def _publish(self, row: asyncpg.Record) -> bool:
        try:
            await self._publisher.publish(
                row["body"],
                exchange=row["exchange"],
                routing_key=row["routing_key"],
                message_type=row["message_type"],
                headers=row["headers"],
            )
        except NotPublishedError as error:
            log.warning("outbox keeps a message", outbox_id=row["outbox_id"], error=str(error))
            self._answered = self._answered and not isinstance(error, NotAnsweredError)
            return False
        OUTBOX_PUBLISHED.labels(row["message_type"]).inc()
        return True

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop` is set: at once when told, and every `POLL_S` in case nobody was."""
        listener: asyncpg.Connection[asyncpg.Record] | None = None
        while not stop.is_set():
            try:
                if listener is None or listener.is_closed():
                    listener = await self._listen()
                await self.drain()
                if self._more:
                    continue
            except _TROUBLE as error:
                waits.tell("its messages to be published", why=f"{type(error).__name__}: {error}", wait_s=POLL_S)
            await self._pause(stop)
        if listener is not None and not listener.is_closed():
            await listener.close()

    async def _listen(self) -> "asyncpg.Connection[asyncpg.Record]":
        """Listen on a connection of its own: a pool takes the listeners away from what it lends out."""
        listener: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(**connect_arguments(self._database_url))
        await listener.add_listener("outbox", self._committed)
        return listener

    def _committed(self, *_: object) -> None:
        self._wake.set()

    async def _pause(self, stop: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(stop.wait())]
        _done, pending = await asyncio.wait(waits, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        self._wake.clear()


def _kind(row: asyncpg.Record) -> str:
    return f"{row['exchange']}/{row['routing_key']}"
