"""What it means that a process is ready: its database, a way through the broker and back, its consumers."""

import asyncio
import math
from collections.abc import Mapping, Sequence

from faststream.rabbit import RabbitBroker

from halosync.messaging.connection import plain_channel
from halosync.messaging.consumers import Consumers
from halosync.messaging.declaring import declare_again, look_at_topology
from halosync.messaging.probe import Probe
from halosync.messaging.publisher import Publisher
from halosync.observability.metrics import PUBLISHING_BLOCKED
from halosync.runtime.readiness import Check
from halosync.store.pool import Pool

LOOK_AGAIN_S = 10.0
"""How long a process that looks believes what it saw of exchanges and queues."""

DECLARE_AGAIN_TIMEOUT_S = 10.0
"""How long declaring everything again may take; a broker that does not answer must not hold up the end of a process."""


class PublishingBlockedError(Exception):
    """The broker takes no messages for now."""


def checks_of(pool: Pool, broker: RabbitBroker, publisher: Publisher, schema: Check) -> Mapping[str, Check]:
    """Return what every process is asked for by `/readyz`; `schema` looks whether the schema fits."""
    probe, consumers = Probe(publisher, broker), Consumers(broker)

    async def postgres() -> None:
        await pool.fetchval("SELECT 1")

    async def rabbitmq() -> None:
        blocked = await publisher.blocked()
        PUBLISHING_BLOCKED.set(blocked)
        if blocked:
            raise PublishingBlockedError("RabbitMQ takes no messages: it is short of memory or disk")
        await probe.run()

    return {"postgres": postgres, "schema": schema, "rabbitmq": rabbitmq, "consumers": consumers.check}


async def declare_topology_again(broker: RabbitBroker, delays_s: Sequence[float]) -> None:
    """Declare everything again, on a channel of its own that is closed afterwards.

    Raises:
        ConnectionError, TimeoutError: the broker is away.
        AMQPError: something is there with other arguments.
    """
    async with asyncio.timeout(DECLARE_AGAIN_TIMEOUT_S):
        channel = await plain_channel(broker)
        try:
            await declare_again(channel, delays_s)
        finally:
            await channel.close()


def topology_check(broker: RabbitBroker, delays_s: Sequence[float]) -> Check:
    """Return a check for a process that may not declare anything: whether everything is there.

    That it was is believed for `LOOK_AGAIN_S`.
    """
    believed_until = -math.inf

    async def check() -> None:
        nonlocal believed_until
        clock = asyncio.get_running_loop().time
        if clock() < believed_until:
            return
        channel = await plain_channel(broker)
        try:
            await look_at_topology(channel, delays_s)
        finally:
            if not channel.is_closed:
                await channel.close()
        believed_until = clock() + LOOK_AGAIN_S

    return check
