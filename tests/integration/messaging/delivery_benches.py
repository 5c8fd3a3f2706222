"""Where deliveries are tried: on RabbitMQ, and on the simulation's double."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from devstack.rabbitmq import RabbitServer
from devstack.wait import until
from halosync.contracts.run import RunRequested
from halosync.domain.delivery import DeliveryRules
from halosync.messaging.declaring import declare_topology
from halosync.messaging.topology import DEAD, DEAD_LETTERS, KEPT_DEAD_LETTERS, RUN_REQUESTED
from simulation import broker as simulated
from simulation.fault_rates import NONE, FaultRates
from simulation.guards import ALL
from simulation.messages import Consumer, Envelope
from simulation.process import Dice, Process

from .conftest import DELAYS_S, MAX_ATTEMPTS, PATIENCE_S, Outside, Worker

PREFETCH = 4


@dataclass(frozen=True)
class Seen:
    """A delivery: for whom the order is, how many attempts were charged, and when it came."""

    name: str
    attempt: object
    at: float


class Bench(Protocol):
    """A queue, and one worker on it that does what the test says, `PREFETCH` messages at a time."""

    @property
    def gate(self) -> asyncio.Event:
        """What handlers wait for."""

    def raises(self, *outcomes: Exception) -> None:
        """Say what the next deliveries raise, in turn; after that the handler returns."""

    async def publish(self, name: str) -> None:
        """Order work, and wait for the confirmation."""

    async def next(self) -> Seen:
        """Wait for a delivery."""

    async def dead_letter(self) -> tuple[str, str, str]:
        """Wait for a dead letter; return its queue, for whom it was, and its reason."""

    async def waiting(self) -> int:
        """Return how many messages wait in the queue."""

    async def left_over(self) -> int:
        """Stop the worker; return how many messages wait anywhere."""

    async def take_no_copy(self) -> None:
        """Have the broker take neither copies nor dead letters."""

    async def take_copies(self) -> None:
        """Have it take them again."""

    async def break_connections(self) -> None:
        """Break the worker's connection, which it makes again."""


@dataclass
class RabbitBench:
    """RabbitMQ, and a process with our consumers."""

    worker: Worker
    outside: Outside
    server: RabbitServer

    @property
    def gate(self) -> asyncio.Event:
        return self.worker.gate

    def raises(self, *outcomes: Exception) -> None:
        self.worker.raises(*outcomes)

    async def publish(self, name: str) -> None:
        await self.worker.publish(RunRequested(run_id=uuid4(), partner_id=name))

    async def next(self) -> Seen:
        seen = await self.worker.next()
        return Seen(seen.message.partner_id, seen.attempt, seen.at)

    async def dead_letter(self) -> tuple[str, str, str]:
        letter = await self.outside.dead_letter()
        assert letter.type == "run.requested.v1"
        order = RunRequested.model_validate_json(letter.body)
        return str(letter.headers["halosync-queue"]), order.partner_id, str(letter.headers["halosync-reason"])

    async def waiting(self) -> int:
        return await self.outside.depth(RUN_REQUESTED.name)

    async def left_over(self) -> int:
        await self.worker.broker.stop()
        queues = (RUN_REQUESTED.name, DEAD_LETTERS.name, KEPT_DEAD_LETTERS.name)
        return sum([await self.outside.depth(name) for name in queues])

    async def take_no_copy(self) -> None:
        for name in (DEAD.name, *(f"halosync.delay.{round(delay_s * 1000)}ms" for delay_s in DELAYS_S)):
            await self.outside.channel.exchange_delete(name)

    async def take_copies(self) -> None:
        await declare_topology(self.worker.broker, DELAYS_S)

    async def break_connections(self) -> None:
        await self.server.close_all_connections()


@dataclass
class MemoryBench:
    """The simulation's broker, and a process on it."""

    dice: Dice = field(default_factory=lambda: Dice(0, NONE))
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    outcomes: deque[Exception] = field(default_factory=deque)
    seen: "asyncio.Queue[Seen]" = field(default_factory=asyncio.Queue)
    letters: "asyncio.Queue[Any]" = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        rules = DeliveryRules(DELAYS_S, DELAYS_S, MAX_ATTEMPTS)
        self.broker = simulated.Broker(self.dice, ALL, rules)
        self.sender, self.process = Process("sender", self.dice), Process("worker", self.dice)
        self.consumer = Consumer(self.process, RUN_REQUESTED.name, self._handle, PREFETCH)
        self.broker.consume(self.consumer)
        collector = Process("collector", self.dice)
        self.broker.consume(Consumer(collector, simulated.DEAD, self._keep, 1))

    async def _handle(self, order: RunRequested) -> None:
        attempt = next(each.attempts for each in self.consumer.unacked.values() if each.body is order)
        self.seen.put_nowait(Seen(order.partner_id, attempt, asyncio.get_running_loop().time()))
        await self.gate.wait()
        if self.outcomes:
            raise self.outcomes.popleft()

    async def _keep(self, letter: object) -> None:
        self.letters.put_nowait(letter)

    def raises(self, *outcomes: Exception) -> None:
        self.outcomes += outcomes

    async def publish(self, name: str) -> None:
        order = RunRequested(run_id=uuid4(), partner_id=name)
        await self.broker.publish(self.sender, Envelope(RUN_REQUESTED.name, order))

    async def next(self) -> Seen:
        async with asyncio.timeout(PATIENCE_S):
            return await self.seen.get()

    async def dead_letter(self) -> tuple[str, str, str]:
        async with asyncio.timeout(PATIENCE_S):
            queue, order, reason = await self.letters.get()
        return queue, order.partner_id, reason

    async def waiting(self) -> int:
        return self.broker.depth(RUN_REQUESTED.name)

    async def left_over(self) -> int:
        async def idle() -> bool:
            return self.broker.idle

        await until(idle, what="an idle broker", timeout_s=PATIENCE_S)
        return self.broker.depth(RUN_REQUESTED.name) + self.letters.qsize()

    async def take_no_copy(self) -> None:
        self.dice.rates = FaultRates(unconfirmed=1.0)

    async def take_copies(self) -> None:
        self.dice.rates = NONE

    async def break_connections(self) -> None:
        self.broker.disconnect(self.process)
