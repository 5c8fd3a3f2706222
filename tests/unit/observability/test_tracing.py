"""Tracing is off and costs nothing unless the environment asks for it; an invoice is one trace wherever it is met."""

import os
import sys
from collections.abc import Iterator

import pytest
from devstack.command import run
from halosync.observability import tracing
from halosync.observability.tracing import carried, of_invoice, passed_on, received, span, start_tracing, wanted
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

# What the services load by themselves is seen by tests/unit/runtime/test_launch.py.
OFF = """
import sys
from halosync.observability.tracing import carried, of_invoice, received, span, start_tracing
end = start_tracing("planner")
with span("a"), received("b", {}), of_invoice("c", "p", "i", 1) as told:
    told.tell(status=200)
    assert carried() == {}
end()
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "google."))])
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    end = start_tracing("test", exporter)
    yield exporter
    end()


async def test_off_nothing_of_the_sdk_is_even_imported() -> None:
    assert await run([sys.executable, "-c", OFF], env=os.environ) == "[]\n"


@pytest.mark.parametrize(
    ("variables", "on"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_SDK_DISABLED": "TRUE"}, False),
    ],
)
def test_the_usual_variables_ask_for_it(variables: dict[str, str], on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert wanted() is on


def test_a_message_brings_its_context_and_nothing_else(exported: InMemorySpanExporter) -> None:
    with span("sends"):
        headers = {**carried(), "attempt": 3}
    with span("something else"), received("works", headers, partner_id="p", run_id=None):
        assert passed_on(headers).keys() == {"traceparent"}
    sends, works, other = exported.get_finished_spans()
    assert works.parent is not None
    assert (works.parent.span_id, works.context.trace_id) == (sends.context.span_id, sends.context.trace_id)
    assert dict(works.attributes or {}) == {"partner_id": "p"}
    assert [link.context.trace_id for link in works.links] == [other.context.trace_id]


def test_a_message_without_context_begins_a_trace(exported: InMemorySpanExporter) -> None:
    with span("open"), received("works", {"traceparent": "nonsense"}):
        pass
    works, opened = exported.get_finished_spans()
    assert works.parent is None
    assert works.context.trace_id != opened.context.trace_id


def test_an_invoice_is_one_trace_and_another_revision_another(exported: InMemorySpanExporter) -> None:
    for revision in (1, 1, 2):
        with of_invoice("meets it", "p", "INV-1", revision):
            pass
    first, again, other = (met.context.trace_id for met in exported.get_finished_spans())
    assert first == again != other


def test_what_is_not_sampled_is_not_kept_though_its_parent_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    exporter = InMemorySpanExporter()
    end = start_tracing("test", exporter)
    with of_invoice("meets it", "p", "INV-1", 1):
        pass
    end()
    assert exporter.get_finished_spans() == ()


def test_a_failure_is_not_written_into_a_trace(exported: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="secret"), span("fails"):
        raise ValueError("secret")
    (failed,) = exported.get_finished_spans()
    assert failed.events == ()
    assert failed.status.description is None


def test_after_its_end_nothing_is_traced() -> None:
    exporter = InMemorySpanExporter()
    start_tracing("test", exporter)()
    with tracing.span("late"):
        assert carried() == {}
    assert exporter.get_finished_spans() == ()
