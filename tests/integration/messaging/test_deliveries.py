"""What becomes of a delivery, on RabbitMQ and on the simulation's double, under one suite."""

from collections.abc import Iterator

import asyncpg
import pytest
from devstack.wait import until
from halosync.domain import delivery
from halosync.messaging.endings import Later, Poison, TryAgain
from halosync.messaging.topology import RUN_REQUESTED
from simulation import broker as simulated

from .conftest import DELAYS_S, MAX_ATTEMPTS, PATIENCE_S
from .delivery_benches import PREFETCH, Bench, MemoryBench, RabbitBench


@pytest.fixture(params=["rabbitmq", "memory"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A worker whose gate is open."""
    if request.param == "rabbitmq":
        yield RabbitBench(*map(request.getfixturevalue, ("worker", "outside", "rabbit_server")))
        return
    memory = MemoryBench()
    memory.gate.set()
    yield memory
    memory.process.over = True


async def works_on(bench: Bench, name: str) -> None:
    """The next message is processed: nothing stands in its way."""
    await bench.publish(name)
    assert (await bench.next()).name == name


async def test_what_is_done_is_acknowledged(bench: Bench) -> None:
    await bench.publish("acme-msp")
    assert (await bench.next()).name == "acme-msp"
    assert await bench.left_over() == 0


async def test_no_more_than_its_share_is_with_a_worker(bench: Bench) -> None:
    bench.gate.clear()
    names = [f"partner-{number}" for number in range(PREFETCH + 2)]
    for name in names:
        await bench.publish(name)

    async def the_rest_waits() -> bool:
        return await bench.waiting() == 2

    await until(the_rest_waits, what="two messages in the queue", timeout_s=PATIENCE_S)
    bench.gate.set()
    assert sorted([(await bench.next()).name for _ in names]) == names
    assert await bench.left_over() == 0


@pytest.mark.parametrize("tier_s", DELAYS_S)
async def test_later_comes_again_after_its_tier_and_costs_no_attempt(bench: Bench, tier_s: float) -> None:
    bench.raises(*[Later(tier_s + 0.001)] * (MAX_ATTEMPTS + 1))
    await bench.publish("acme-msp")
    before = await bench.next()
    for _ in range(MAX_ATTEMPTS + 1):
        again = await bench.next()
        assert again.at - before.at >= tier_s
        assert (again.attempt, again.name) == (0, before.name)
        before = again
    assert await bench.left_over() == 0


async def test_a_wait_below_the_shortest_tier_takes_the_shortest(bench: Bench) -> None:
    bench.raises(Later(0.0))
    await bench.publish("acme-msp")
    first, second = await bench.next(), await bench.next()
    assert second.at - first.at >= min(DELAYS_S)


CHARGED = [
    (Later(0.01, charged=True), "given up after 3 attempts"),
    (TryAgain("the host is slow"), "given up after 3 attempts: the host is slow"),
]


@pytest.mark.parametrize(("failure", "reason"), CHARGED, ids=lambda value: type(value).__name__)
async def test_a_passing_failure_is_tried_again_until_its_attempts_are_used_up(
    bench: Bench, failure: Exception, reason: str
) -> None:
    bench.raises(*[failure] * MAX_ATTEMPTS)
    await bench.publish("acme-msp")
    assert [(await bench.next()).attempt for _ in range(MAX_ATTEMPTS)] == [0, 1, 2]
    assert await bench.dead_letter() == (RUN_REQUESTED.name, "acme-msp", reason)
    await works_on(bench, "next")


OUTAGES = [
    TimeoutError("the pool"),
    ConnectionRefusedError("no"),
    asyncpg.CannotConnectNowError("starting"),
    asyncpg.InternalClientError("cut off"),
    asyncpg.DeadlockDetectedError("lock"),
    asyncpg.InvalidPasswordError("it is being changed"),
    asyncpg.InsufficientPrivilegeError("permission denied for table run"),
    asyncpg.UndefinedColumnError("the schema is older"),
]


async def test_an_outage_of_our_own_is_waited_out_however_often_it_is_met(bench: Bench) -> None:
    """It says nothing of the message, so it costs no attempt and makes no dead letter."""
    assert len(OUTAGES) > MAX_ATTEMPTS
    bench.raises(Later(0.01, charged=True), *OUTAGES)
    await bench.publish("acme-msp")
    assert [(await bench.next()).attempt for _ in range(len(OUTAGES) + 2)] == [0, *[1] * (len(OUTAGES) + 1)]
    assert await bench.left_over() == 0


FOR_GOOD = [
    (Poison("line 3, quantity: must be a number"), "line 3, quantity: must be a number"),
    (KeyError("unforeseen"), "KeyError: 'unforeseen'"),
    (asyncpg.UniqueViolationError("twice"), "UniqueViolationError: twice"),
    (asyncpg.exceptions._base.DataError("no number"), "DataError: no number"),
    (Poison("x" * 5000), "x" * 2000),
]


@pytest.mark.parametrize(("failure", "reason"), FOR_GOOD, ids=["poison", "unforeseen", "database", "driver", "long"])
async def test_what_nobody_can_process_is_kept_with_its_reason(bench: Bench, failure: Exception, reason: str) -> None:
    bench.raises(failure)
    await bench.publish("acme-msp")
    assert await bench.dead_letter() == (RUN_REQUESTED.name, "acme-msp", reason)
    assert (await bench.next()).name == "acme-msp"
    await works_on(bench, "next")
    assert await bench.left_over() == 0


async def test_what_was_being_worked_on_as_the_connection_broke_comes_again(bench: Bench) -> None:
    bench.gate.clear()
    await bench.publish("acme-msp")
    first = await bench.next()
    await bench.break_connections()
    again = await bench.next()
    assert (again.name, again.attempt) == (first.name, 0)
    bench.gate.set()


async def test_while_no_copy_can_be_made_the_original_comes_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "PUBLISH_AGAIN_S", 0.05)
    monkeypatch.setattr(delivery, "MOST_PUBLISHING", 2)
    monkeypatch.setattr(simulated, "PUBLISH_TIMEOUT_S", 0.01)
    bench.raises(Later(0.0), Later(0.0))
    bench.gate.clear()
    await bench.publish("acme-msp")
    await bench.take_no_copy()
    bench.gate.set()
    first, second = await bench.next(), await bench.next()
    assert (second.name, second.attempt) == (first.name, 0)
    assert second.at - first.at >= 0.05, "two tries, one pause"
    await bench.take_copies()
    assert (await bench.next()).name == first.name
    assert await bench.left_over() == 0
