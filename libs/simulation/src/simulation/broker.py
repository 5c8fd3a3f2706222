"""A double of RabbitMQ: quorum queues, delay tiers, confirms, prefetch, redelivery, and what goes wrong with them.

It is under the same suite as RabbitMQ with our consumers (tests/integration/messaging/test_deliveries.py).
"""

import asyncio
from collections import deque
from dataclasses import replace

from halosync.domain.delivery import (
    DeliveryRules,
    Ending,
    Finished,
    MakeDeadLetter,
    NextDelivery,
    Postponed,
    PublishAgain,
    Redeliver,
    Unpublishable,
    next_delivery,
)
from halosync.messaging.delivery import MAX_REASON_CHARS
from halosync.messaging.endings import ending_of
from halosync.messaging.publisher import PUBLISH_TIMEOUT_S, NotAnsweredError, NotPublishedError

from simulation.clock import sleep
from simulation.guards import Guards
from simulation.messages import Consumer, Envelope, Handler
from simulation.process import Dice, Process

DETECT_S = 35.0
"""A consumer that says nothing for so long is given up by the broker (heartbeats)."""

HOP_RETRY_S = 180.0
"""When an at-least-once hop has failed, RabbitMQ tries again after so long (messaging-facts section 2.2)."""

ORDERS = frozenset({"run.requested.v1", "licence.actions.v1"})
"""Messages that a sweeper asks for again; only these are lost on purpose."""

DEAD = "dead"
DELAYS_S = (5.0, 30.0, 120.0, 300.0)
RULES = DeliveryRules(DELAYS_S, tiers_s=(1.0, *DELAYS_S), max_attempts=60)


class Broker:
    """The broker. It never loses what it has confirmed, and delivers at least once."""

    def __init__(self, dice: Dice, guards: Guards, rules: DeliveryRules = RULES) -> None:
        self.up = True
        self._rules = rules
        self._dice = dice
        self._guards = guards
        self._queues: dict[str, deque[Envelope]] = {}
        self._consumers: list[Consumer] = []
        self._tag = 0
        self._travelling = 0

    async def publish(self, process: Process, envelope: Envelope, tier_s: float | None = None) -> None:
        """Publish and wait for the confirmation, into the tier of `tier_s` seconds if given.

        Raises:
            NotAnsweredError: no confirmation came; the broker may have it all the same.
        """
        await process.gate()
        process.maybe_fail()
        await process.gate()
        await sleep(self._dice.latency())
        lost = not self.up or self._dice.hits(self._dice.rates.unconfirmed)
        taken = self.up and (not lost or self._dice.hits(0.5))
        if taken:
            self._take(envelope, tier_s)
        if lost and self._guards.confirm:
            await sleep(PUBLISH_TIMEOUT_S)
        process.maybe_fail()
        await process.gate()
        if lost and self._guards.confirm:
            raise NotAnsweredError(f"{envelope.queue}: no confirmation")

    def accept(self, envelope: Envelope) -> None:
        """Take a message from outside the simulated processes, confirmed."""
        self._enqueue(envelope)

    def _take(self, envelope: Envelope, tier_s: float | None) -> None:
        rates = self._dice.rates
        if envelope.queue in ORDERS and self._dice.hits(rates.lose):
            return
        double = not envelope.doubled and self._dice.hits(rates.double)
        if double:
            envelope = replace(envelope, doubled=True)
        for _ in range(2 if double else 1):
            if tier_s is not None:
                self._later(tier_s, envelope)
            elif self._dice.hits(rates.delay):
                self._later(self._dice.between(0.1, 60.0), envelope)
            else:
                self._enqueue(envelope)

    def _later(self, delay_s: float, envelope: Envelope) -> None:
        self._travelling += 1
        asyncio.get_running_loop().call_later(delay_s, self._hop, envelope)

    def _hop(self, envelope: Envelope) -> None:
        """Hand a message from a delay tier to its queue."""
        self._travelling -= 1
        if not self.up or self._dice.hits(self._dice.rates.hop):
            if self._guards.at_least_once:
                self._later(HOP_RETRY_S, envelope)
            return
        self._enqueue(envelope)

    def _enqueue(self, envelope: Envelope) -> None:
        self._queues.setdefault(envelope.queue, deque()).append(envelope)
        self._dispatch(envelope.queue)

    def consume(self, consumer: Consumer) -> None:
        """Let a process consume; its death gives back what it had."""
        self._consumers.append(consumer)
        consumer.process.on_kill.append(lambda: self._gone(consumer))
        consumer.process.on_freeze.append(lambda seconds: self._stopped(consumer, seconds))
        self._dispatch(consumer.queue)

    def disconnect(self, process: Process) -> None:
        """Break the connection of a process, which comes back by itself."""
        for consumer in [each for each in self._consumers if each.process is process]:
            self._break(consumer)

    def _break(self, consumer: Consumer) -> None:
        """What the consumer had is delivered again, and its handlers are cancelled."""
        self._give_back(consumer)
        for task in list(consumer.handlers):
            task.cancel()

    def _stopped(self, consumer: Consumer, seconds: float) -> None:
        """A process that is stopped takes nothing; after a while the broker gives it up, and it learns that at last."""
        later = asyncio.get_running_loop().call_later
        later(seconds + 0.001, self._dispatch, consumer.queue)
        if seconds > DETECT_S:
            later(DETECT_S, self._give_back, consumer)
            later(seconds + 0.001, self._break, consumer)

    async def crash(self, seconds: float) -> None:
        """Die and come back: every connection breaks, what was confirmed is still there."""
        self.up = False
        for process in dict.fromkeys(consumer.process for consumer in self._consumers):
            self.disconnect(process)
        await sleep(seconds)
        self.up = True
        for queue in list(self._queues):
            self._dispatch(queue)

    def depth(self, queue: str) -> int:
        """Return how many messages wait in a queue."""
        return len(self._queues.get(queue, ()))

    @property
    def idle(self) -> bool:
        """Whether no message is on its way, waits or is worked on."""
        return not (
            self._travelling or any(self._queues.values()) or any(consumer.unacked for consumer in self._consumers)
        )

    def _gone(self, consumer: Consumer) -> None:
        if consumer in self._consumers:
            self._consumers.remove(consumer)
        self._give_back(consumer)

    def _give_back(self, consumer: Consumer) -> None:
        consumer.epoch += 1
        envelopes, consumer.unacked = list(consumer.unacked.values()), {}
        self._queues.setdefault(consumer.queue, deque()).extendleft(reversed(envelopes))
        if envelopes:
            asyncio.get_running_loop().call_soon(self._dispatch, consumer.queue)

    def _dispatch(self, queue: str) -> None:
        waiting = self._queues.get(queue)
        while waiting and self.up:
            ready = [
                c for c in self._consumers if c.queue == queue and len(c.unacked) < c.prefetch and not c.process.frozen
            ]
            if not ready:
                return
            self._deliver(min(ready, key=lambda c: len(c.unacked)), waiting.popleft())

    def _deliver(self, consumer: Consumer, envelope: Envelope) -> None:
        self._tag += 1
        tag = self._tag
        consumer.unacked[tag] = envelope
        task = consumer.process.spawn(self._handle(consumer, tag, consumer.epoch, envelope))
        consumer.handlers[task] = None
        task.add_done_callback(lambda done: consumer.handlers.pop(done, None))

    async def _handle(self, consumer: Consumer, tag: int, epoch: int, envelope: Envelope) -> None:
        """Work on a delivery and do what follows, as `messaging/delivery.py` does."""
        process = consumer.process
        try:
            await process.gate()
            ending = await _ending(consumer.handler, envelope.body)
            follows = next_delivery(ending, envelope.attempts, self._rules, envelope.outages)
            tries = 0
            while not await self._published(process, envelope, follows):
                tries += 1
                then = next_delivery(Unpublishable(tries), envelope.attempts, self._rules)
                if consumer.epoch != epoch or tag not in consumer.unacked:
                    return
                if not isinstance(then, PublishAgain):
                    del consumer.unacked[tag]
                    self._enqueue(envelope)
                    return
                await sleep(then.pause_s)
            process.maybe_fail()
            await process.gate()
        except asyncio.CancelledError:
            return
        if consumer.epoch == epoch and consumer.unacked.pop(tag, None) is not None:
            self._dispatch(consumer.queue)

    async def _published(self, process: Process, envelope: Envelope, follows: NextDelivery) -> bool:
        try:
            match follows:
                case Redeliver(tier_s, attempts, outages):
                    await self.publish(process, replace(envelope, attempts=attempts, outages=outages), tier_s)
                case MakeDeadLetter(reason):
                    await self.publish(
                        process, Envelope(DEAD, (envelope.queue, envelope.body, reason[:MAX_REASON_CHARS]))
                    )
        except NotPublishedError:
            return False
        return True


async def _ending(handler: Handler, body: object) -> Ending:
    try:
        wait_s = await handler(body)
    except Exception as error:  # noqa: BLE001 - as a consumer of the real broker
        return ending_of(error)
    return Finished() if wait_s is None else Postponed(wait_s)
