"""A message carries the span in which it was sent: through the outbox, and through every delay tier."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from devstack.wait import until
from halosync.contracts.run import RunRequested
from halosync.messaging.endings import Later
from halosync.messaging.publisher import Publisher
from halosync.messaging.topology import RUN_REQUESTED
from halosync.observability.tracing import carried, span, start_tracing
from halosync.runtime.relay import Relay
from halosync.store.outbox import emit, emit_many
from halosync.store.pool import Pool
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from .conftest import DELAYS_S, PATIENCE_S, Outside, Worker


@pytest.fixture(autouse=True)
def exported() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    end = start_tracing("test", exporter)
    yield exporter
    end()


@pytest.mark.usefixtures("topology")
async def test_it_waits_in_the_outbox_beside_the_message(
    database_url: str, pool: Pool, publisher: Publisher, outside: Outside
) -> None:
    order = RunRequested(run_id=uuid4(), partner_id="acme-msp")
    async with pool.acquire() as connection, connection.transaction():
        with span("sends one"):
            first = carried()
            await emit(connection, order)
        with span("sends many"):
            second = carried()
            await emit_many(connection, [order])
    assert await Relay(database_url, pool, publisher).drain() == 2
    came = [(await outside.take(RUN_REQUESTED.name)).headers for _ in range(2)]
    assert sorted(str(headers["traceparent"]) for headers in came) == sorted(
        each["traceparent"] for each in (first, second)
    )


async def test_each_delivery_of_a_message_is_below_the_span_that_sent_it(
    worker: Worker, exported: InMemorySpanExporter
) -> None:
    worker.raises(Later(DELAYS_S[0]))
    with span("sends"):
        await worker.publish(RunRequested(run_id=uuid4(), partner_id="acme-msp"))
    await worker.next()
    await worker.next()

    async def both() -> bool:
        return sum(each.name == RUN_REQUESTED.name for each in exported.get_finished_spans()) == 2

    await until(both, what="two spans of deliveries", timeout_s=PATIENCE_S)
    spans = exported.get_finished_spans()
    [sent] = [each for each in spans if each.name == "sends"]
    works = [each for each in spans if each.name == RUN_REQUESTED.name]
    assert [each.parent and each.parent.span_id for each in works] == [sent.context.span_id] * 2
    assert all(dict(each.attributes or {})["partner_id"] == "acme-msp" for each in works)
