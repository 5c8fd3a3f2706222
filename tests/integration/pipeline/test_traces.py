"""One trace follows an invoice from its event over the outbox and every message to the requests to Halo."""

import json
from collections.abc import Iterator

import pytest
from halosync.observability.tracing import received, start_tracing
from halosync.store.actions import ActionStore
from halosync.store.runs import RunStore
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from .conftest import Pipeline

pytestmark = pytest.mark.integration


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    end = start_tracing("pipeline", exporter)
    yield exporter
    end()


async def deliver_traced(pipeline: Pipeline) -> None:
    """Deliver everything as a broker does: with the headers that wait beside each message."""
    while rows := await pipeline.pool.fetch("DELETE FROM outbox RETURNING message_type, body, headers"):
        for row in rows:
            with received(row["message_type"], row["headers"]):
                while await pipeline.deliver(row["message_type"], json.loads(row["body"])) is not None:
                    pass


def under(root: ReadableSpan, spans: dict[int, ReadableSpan]) -> set[str]:
    """The names of the spans between one and the beginning of its trace."""
    names, here = set(), root
    while here.parent is not None and here.parent.span_id in spans:
        here = spans[here.parent.span_id]
        names.add(here.name)
    return names


async def test_a_line_is_followed_from_its_event_to_halo(pipeline: Pipeline, exported: InMemorySpanExporter) -> None:
    await pipeline.invoice([{"product_code": "P-1", "quantity": "12"}])
    run_id = await pipeline.start()
    await deliver_traced(pipeline)
    assert (await pipeline.run(run_id))["state"] == "succeeded"

    spans = exported.get_finished_spans()
    [intake] = [each for each in spans if each.name == "take in an invoice"]
    trace = {each.context.span_id: each for each in spans if each.context.trace_id == intake.context.trace_id}
    [started] = [each for each in trace.values() if each.name == "start a run"]
    assert dict(started.attributes or {})["run_id"] == str(run_id)
    [post] = [each for each in trace.values() if each.name == "Halo POST"]
    assert under(post, trace) == {"licence.actions.v1", "run.requested.v1", "start a run"}
    reads = [each for each in trace.values() if each.name == "Halo GET"]
    assert all("run.requested.v1" in under(read, trace) for read in reads)
    assert reads
    assert {dict(each.attributes or {})["status"] for each in (post, *reads)} <= {200, 201}


async def test_what_a_sweeper_asks_for_again_goes_on_in_the_trace(
    pipeline: Pipeline, exported: InMemorySpanExporter
) -> None:
    await pipeline.invoice([{"product_code": "P-1", "quantity": "12"}])
    await pipeline.start()
    for table, sweeper, name in (("run", RunStore, "ask again for a run"), ("batch", ActionStore, "issue again")):
        await pipeline.pool.execute("DELETE FROM outbox WHERE message_type <> 'run.finished.v1'")
        await pipeline.pool.execute(f"UPDATE {table} SET redeliver_at = now() - interval '1 minute'")
        assert await sweeper(pipeline.pool).redeliver_due() == 1, name
        [sent] = await pipeline.pool.fetch("SELECT message_type, body, headers FROM outbox")
        [intake] = [each for each in exported.get_finished_spans() if each.name == "take in an invoice"]
        assert f"{intake.context.trace_id:032x}" in sent["headers"]["traceparent"]
        if table == "run":
            await pipeline.pool.execute("DELETE FROM outbox")
            await pipeline.deliver(sent["message_type"], json.loads(sent["body"]))


async def test_without_tracing_messages_carry_nothing(pipeline: Pipeline) -> None:
    await pipeline.invoice([{"product_code": "P-1"}])
    await pipeline.start()
    assert {json.dumps(row["headers"]) for row in await pipeline.pool.fetch("SELECT headers FROM outbox")} == {"{}"}
