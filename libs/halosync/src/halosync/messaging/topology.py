"""Every exchange and queue of halosync, named once (architecture section "Taken in").

Every queue of work is a quorum queue that dead-letters at least once and refuses what it cannot hold. Waiting is
done in *delay tiers*: one queue for each delay with a queue-level TTL, because a per-message TTL blocks the head of
the queue (messaging-facts section 2.2). A message in a tier keeps the name of its queue as the routing key, and comes
back through the exchange `halosync.ready`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from faststream.rabbit import ExchangeType, QueueType, RabbitExchange, RabbitQueue
from faststream.rabbit.schemas.queue import QuorumQueueArgs

from halosync.contracts import message
from halosync.domain.accounts import Account

DELIVERY_LIMIT = 50
"""How often a message may come back unacknowledged before it is dead-lettered: crash loops only."""

REQUEST_TTL_MS = 30_000
"""A request that nobody answered in this time is of no use: its sender has given up."""


_MIB = 1024**2
MOST_QUEUED_BYTES = 256 * _MIB
"""What a queue of work holds: its messages are small. A full queue refuses, and the sender keeps what it has."""

MOST_INVOICE_BYTES = 4096 * _MIB
"""What the queue of invoices holds: some 150 events of the largest kind, or a month of thousands of partners."""

MOST_WAITING_BYTES = 1024 * _MIB
"""What a delay tier, and the queue of dead letters that are not yet in the table, hold."""

MOST_REQUESTS = 10_000
"""The most requests that wait for an answer at a time; each waits for seconds only."""


def _exchange(name: str, kind: ExchangeType) -> RabbitExchange:
    return RabbitExchange(name, type=kind, durable=True)


INVOICES = _exchange(message.INVOICES, ExchangeType.TOPIC)
EVENTS = _exchange(message.EVENTS, ExchangeType.TOPIC)
WORK = _exchange(message.WORK, ExchangeType.TOPIC)
READY = _exchange("halosync.ready", ExchangeType.DIRECT)
REPLIES = _exchange("halosync.replies", ExchangeType.DIRECT)
"""Reaches the queues that a process has for itself alone. Not the default exchange: whoever may publish to that one
reaches every queue there is."""
DEAD = _exchange("halosync.dead", ExchangeType.FANOUT)
DEAD_ONCE = _exchange("halosync.dead-once", ExchangeType.FANOUT)
"""For dead letters that are too large for the second copy: reaches those who keep them in the table, and no other."""

OPTIONAL_LISTENERS = frozenset({EVENTS.name})
"""Exchanges to which a message may be published that nobody listens to."""


@dataclass(frozen=True)
class Queue:
    """A queue, what it is bound to, and who works on it.

    `senders` are those who may send a request to it, as the broker vouches for them; nobody for a queue of orders and
    events, which only make their worker look at the rows.
    """

    name: str
    worker: str
    exchange: RabbitExchange
    routing_key: str
    quorum: bool = True
    senders: frozenset[Account] = frozenset()
    arguments: dict[str, Any] = field(default_factory=dict)

    def declaration(self) -> RabbitQueue:
        """Return what FastStream declares and consumes."""
        if not self.quorum:
            return RabbitQueue(
                self.name,
                durable=True,
                routing_key=self.routing_key,
                arguments={
                    "x-message-ttl": REQUEST_TTL_MS,
                    "x-max-length": MOST_REQUESTS,
                    "x-overflow": "reject-publish",
                },
            )
        return RabbitQueue(
            self.name,
            durable=True,
            queue_type=QueueType.QUORUM,
            routing_key=self.routing_key,
            arguments=cast("QuorumQueueArgs", {**_WORK_ARGUMENTS, **self.arguments}),
        )


_AT_LEAST_ONCE: dict[str, object] = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}
_WORK_ARGUMENTS: dict[str, object] = {
    "x-delivery-limit": DELIVERY_LIMIT,
    "x-dead-letter-exchange": DEAD.name,
    "x-max-length-bytes": MOST_QUEUED_BYTES,
    **_AT_LEAST_ONCE,
}

INVOICE_READY = Queue(
    "planner.invoice-ready.v1",
    "planner",
    INVOICES,
    "invoice.ready.v1",
    arguments={"x-max-length-bytes": MOST_INVOICE_BYTES},
)
RUN_REQUESTED = Queue("planner.run-requested.v1", "planner", WORK, "run.requested.v1")
RUN_FINISHED = Queue("planner.run-finished.v1", "planner", EVENTS, "run.finished.v1")
CONNECTION_ESTABLISHED = Queue("planner.connection-established.v1", "planner", EVENTS, "connection.established.v1")
HALO_REFRESH = Queue("planner.halo-refresh-requested.v1", "planner", WORK, "halo.refresh.requested.v1")
LICENCE_ACTIONS = Queue("halo-writer.licence-actions.v1", "halo-writer", WORK, "licence.actions.v1")
DEAD_LETTERS = Queue(
    "planner.dead-letters.v1",
    "planner",
    DEAD,
    "",
    arguments={"x-dead-letter-exchange": "", "x-max-length-bytes": MOST_WAITING_BYTES},
)


# Requests are of use for seconds only, and some to auth carry OAuth codes: classic queues, messages that do not
# persist.
def _requests(name: str, worker: str, routing_key: str, senders: frozenset[Account]) -> Queue:
    return Queue(name, worker, WORK, routing_key, quorum=False, senders=senders)


_PORTAL = frozenset({Account.REPORT_API})
_ASKERS = frozenset({Account.PLANNER, Account.HALO_WRITER})
CONNECTION_BEGIN = _requests("auth.connection-begin.v1", "auth", "connection.begin.v1", _PORTAL)
CONNECTION_COMPLETE = _requests("auth.connection-complete.v1", "auth", "connection.complete.v1", _PORTAL)
CONNECTION_END = _requests("auth.connection-end.v1", "auth", "connection.end.v1", _PORTAL | {Account.OPERATOR})
TOKEN_REQUEST = _requests("auth.token-request.v1", "auth", "token.request.v1", _ASKERS)
WEBHOOK_SIGN = _requests("auth.webhook-sign.v1", "auth", "webhook.sign.v1", _PORTAL)
CONNECTION_TEST = _requests("planner.connection-test.v1", "planner", "connection.test.v1", _PORTAL | {Account.OPERATOR})

QUEUES = (
    INVOICE_READY,
    RUN_REQUESTED,
    RUN_FINISHED,
    CONNECTION_ESTABLISHED,
    HALO_REFRESH,
    LICENCE_ACTIONS,
    DEAD_LETTERS,
    CONNECTION_BEGIN,
    CONNECTION_COMPLETE,
    CONNECTION_END,
    TOKEN_REQUEST,
    WEBHOOK_SIGN,
    CONNECTION_TEST,
)

KEPT_DEAD_LETTERS = RabbitQueue(
    "halosync.dead-letters.kept.v1",
    durable=True,
    queue_type=QueueType.QUORUM,
    arguments={"x-max-length": 100_000, "x-max-length-bytes": 64 * _MIB, "x-overflow": "drop-head"},
)
"""A second copy of dead letters for whoever looks with RabbitMQ's own tools, the newest; nothing consumes it."""


def delay_exchange(delay_s: float) -> RabbitExchange:
    """Return the exchange of the delay tier of `delay_s` seconds."""
    return RabbitExchange(f"halosync.delay.{round(delay_s * 1000)}ms", type=ExchangeType.FANOUT, durable=True)


def _delay_queue(delay_s: float) -> RabbitQueue:
    return RabbitQueue(
        f"{delay_exchange(delay_s).name}.v1",
        durable=True,
        queue_type=QueueType.QUORUM,
        arguments=cast(
            "QuorumQueueArgs",
            {
                "x-message-ttl": round(delay_s * 1000),
                "x-dead-letter-exchange": READY.name,
                "x-max-length-bytes": MOST_WAITING_BYTES,
                **_AT_LEAST_ONCE,
            },
        ),
    )


def bindings_of(queue: Queue) -> list[tuple[RabbitExchange, str]]:
    """Return the exchanges and routing keys that a queue of work is bound to."""
    once = [(DEAD_ONCE, "")] if queue is DEAD_LETTERS else []
    return [(queue.exchange, queue.routing_key), (READY, queue.name), *once]


def exchanges(delays_s: Sequence[float]) -> list[RabbitExchange]:
    """Return every exchange."""
    return [INVOICES, EVENTS, WORK, READY, REPLIES, DEAD, DEAD_ONCE, *map(delay_exchange, delays_s)]


def queues(delays_s: Sequence[float]) -> Iterator[tuple[RabbitQueue, list[tuple[RabbitExchange, str]]]]:
    """Yield every queue, and the exchanges and routing keys it is bound to."""
    for queue in QUEUES:
        yield queue.declaration(), bindings_of(queue)
    yield KEPT_DEAD_LETTERS, [(DEAD, "")]
    for delay_s in delays_s:
        yield _delay_queue(delay_s), [(delay_exchange(delay_s), "")]
