"""What becomes of a delivery: done, again later, or a dead letter with its reason; never lost, never in the way."""

import json
from itertools import pairwise
from uuid import uuid4

import pytest
from devstack.wait import until
from faststream.rabbit import RabbitBroker
from halosync.contracts.run import RunRequested
from halosync.domain import delivery
from halosync.messaging.connection import connect_options
from halosync.messaging.declaring import declare_topology
from halosync.messaging.delivery import MOST_COPIED_BYTES
from halosync.messaging.endings import Later, Poison, TryAgain
from halosync.messaging.topology import DEAD, DEAD_LETTERS, KEPT_DEAD_LETTERS, RUN_REQUESTED

from .conftest import DELAYS_S, MAX_ATTEMPTS, PATIENCE_S, Outside, Worker


def order(partner_id: str = "acme-msp") -> RunRequested:
    return RunRequested(run_id=uuid4(), partner_id=partner_id)


async def left_over(worker: Worker, outside: Outside) -> list[int]:
    """Stop the worker; return what waits in its queue and in the two of the dead letters."""
    await worker.broker.stop()
    return [await outside.depth(name) for name in (RUN_REQUESTED.name, DEAD_LETTERS.name, KEPT_DEAD_LETTERS.name)]


async def works_on(worker: Worker, partner_id: str) -> None:
    """The next message is processed: nothing stands in its way."""
    await worker.publish(order(partner_id))
    assert (await worker.next()).message.partner_id == partner_id


VALID = json.loads(order().model_dump_json())
MISFITS = {
    "not JSON": (b"{broken", "not JSON"),
    "no text": (b"\xff\xfe\0", "not JSON"),
    "no object": (b"[]", "message"),
    "empty": (b"", ""),
    "a field is missing": (json.dumps({**VALID, "run_id": None}).encode(), "run_id"),
    "a field is wrong": (json.dumps({**VALID, "partner_id": "a\0b"}).encode(), "partner_id: holds a"),
    "fields are wrong": (json.dumps({**VALID, "run_id": "x", "partner_id": 7}).encode(), "partner_id"),
}


@pytest.mark.parametrize("name", MISFITS)
async def test_a_message_that_does_not_fit_is_kept_byte_by_byte(worker: Worker, outside: Outside, name: str) -> None:
    body, reason = MISFITS[name]
    await outside.send(body, RUN_REQUESTED.name)
    letter = await outside.dead_letter()
    assert (letter.body, letter.type, letter.headers["halosync-queue"]) == (body, "odd.v1", RUN_REQUESTED.name)
    assert reason in str(letter.headers["halosync-reason"])
    await works_on(worker, "next")
    assert worker.deliveries.empty()


async def test_a_reason_names_fields_and_no_values(worker: Worker, outside: Outside) -> None:
    assert worker.broker
    await outside.send(json.dumps({**VALID, "run_id": "s3cret"}).encode(), RUN_REQUESTED.name)
    assert "s3cret" not in str((await outside.dead_letter()).headers)


@pytest.mark.parametrize("attempt", ["many", [], bytearray(b"\xff"), True, None])
async def test_an_odd_count_of_attempts_counts_as_none(worker: Worker, outside: Outside, attempt: object) -> None:
    worker.raises(TryAgain("slow"))
    await outside.send(json.dumps(VALID).encode(), RUN_REQUESTED.name, {"attempt": attempt})
    assert [(await worker.next()).attempt for _ in range(2)] == [attempt, 1]


@pytest.mark.parametrize("attempt", [-(2**63), -1000, MAX_ATTEMPTS, 2**31, 2**63 - 1])
async def test_no_count_of_attempts_lets_a_message_go_round_for_ever(
    worker: Worker, outside: Outside, attempt: int
) -> None:
    worker.raises(*[TryAgain("slow")] * (MAX_ATTEMPTS + 1))
    await outside.send(json.dumps(VALID).encode(), RUN_REQUESTED.name, {"attempt": attempt})
    letter = await outside.dead_letter()
    assert "given up after" in str(letter.headers["halosync-reason"])
    assert worker.deliveries.qsize() <= MAX_ATTEMPTS


async def test_a_large_dead_letter_is_kept_once(worker: Worker, outside: Outside) -> None:
    """30 MB of somebody's mistake would else be kept by the broker besides the table."""
    body = b"[" + b" " * MOST_COPIED_BYTES + b"]"
    await outside.send(body, RUN_REQUESTED.name)
    letter = await outside.take(DEAD_LETTERS.name)
    assert (letter.body, letter.headers["halosync-queue"]) == (body, RUN_REQUESTED.name)
    assert await left_over(worker, outside) == [0, 0, 0]


@pytest.mark.parametrize("failure", [Poison("no place to keep it"), Later(0.0), TryAgain("")], ids=repr)
async def test_while_no_copy_can_be_made_the_original_is_kept_back(
    worker: Worker, outside: Outside, failure: Exception, monkeypatch: pytest.MonkeyPatch, topology: str
) -> None:
    """The broker would give it up after so many returns; so it returns seldom, and is not lost."""
    monkeypatch.setattr(delivery, "PUBLISH_AGAIN_S", 0.05)
    monkeypatch.setattr(delivery, "MOST_PUBLISHING", 3)
    exchanges = [DEAD.name, *(f"halosync.delay.{round(delay_s * 1000)}ms" for delay_s in DELAYS_S)]
    for name in exchanges:
        await outside.channel.exchange_delete(name)
    worker.raises(*[failure] * 100)
    sent = order()
    await worker.publish(sent)
    deliveries = [await worker.next() for _ in range(3)]
    assert {seen.message for seen in deliveries} == {sent}
    assert [seen.redelivered for seen in deliveries] == [False, True, True]
    assert all(after.at - before.at >= 0.1 for before, after in pairwise(deliveries)), "three tries, two pauses"
    monkeypatch.setattr(delivery, "MOST_PUBLISHING", 10_000)
    if not isinstance(failure, Poison):
        worker.outcomes.clear()  # what it failed for has passed
    async with RabbitBroker(**connect_options(topology), logger=None) as broker:
        await declare_topology(broker, DELAYS_S)
    if isinstance(failure, Poison):
        assert (await outside.take(DEAD_LETTERS.name)).headers["halosync-reason"] == failure.reason
    else:
        await until(worker.is_done, what="the message", timeout_s=PATIENCE_S)
    # The third queue is bound last, perhaps after the dead letter was published.
    assert (await left_over(worker, outside))[:2] == [0, 0]
