"""The steps of a drain do not depend on each other: a broker that does not answer the first is stopped all the same."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest
from aio_pika.exceptions import AMQPError
from faststream.rabbit import RabbitBroker
from halosync.messaging.connection import DRAIN_S
from halosync.runtime import draining
from halosync.runtime.shutdown import STOP_S


class Broker:
    """Notes that it was stopped."""

    stopped = False

    async def stop(self) -> None:
        self.stopped = True


async def hangs(_: RabbitBroker) -> None:
    await asyncio.Event().wait()


async def fails(_: RabbitBroker) -> None:
    raise AMQPError


async def is_given_up(_: RabbitBroker) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("cancel", [hangs, fails, is_given_up])
async def test_the_broker_is_stopped_whatever_becomes_of_the_consumers(
    monkeypatch: pytest.MonkeyPatch, cancel: Callable[[object], Awaitable[None]]
) -> None:
    monkeypatch.setattr(draining, "CANCEL_S", 0.05)
    monkeypatch.setattr(draining, "cancel_consumers", cancel)
    broker = Broker()
    await draining.drain(cast("RabbitBroker", broker))
    assert broker.stopped


def test_the_steps_leave_time_to_close_what_is_left() -> None:
    assert draining.CANCEL_S + DRAIN_S + draining.CANCEL_S < STOP_S
