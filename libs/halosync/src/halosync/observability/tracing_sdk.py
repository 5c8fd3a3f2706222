"""OpenTelemetry's SDK behind `tracing`: imported by a process that traces, and by no other, because of its memory."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from halosync.observability.tracing import Span, SpanKind, Value


class SdkTracing:
    """Makes spans and sends them by OTLP over HTTP, or to an exporter as each ends."""

    def __init__(self, service: str, exporter: SpanExporter | None) -> None:
        resource = Resource.create({} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: service})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        if exporter is None:
            self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        else:
            self._provider.add_span_processor(SimpleSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("halosync")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self, name: str, kind: SpanKind, attributes: Mapping[str, Value | None], below: Context | None = None
    ) -> Iterator[Span]:
        """A span around what is done within; one that is open in another trace is linked."""
        now = trace.get_current_span().get_span_context()
        parent = trace.get_current_span(below).get_span_context()
        with self._tracer.start_as_current_span(
            name,
            context=below,
            kind=trace.SpanKind[kind.upper()],
            attributes={key: value for key, value in attributes.items() if value is not None},
            record_exception=False,  # its text may hold what no trace is to hold; the log has masked it
            set_status_on_exception=False,
            links=[trace.Link(now)] if now.is_valid and now.trace_id != parent.trace_id else [],
        ) as opened:
            yield _Opened(opened)

    def sent_in(self, headers: Mapping[str, str]) -> Context:
        """The context that a message brings; an empty one if it brings none, whatever is open here."""
        return self._propagator.extract(headers, context=Context())

    def invoice(self, partner_id: str, invoice_id: str, revision: int) -> Context:
        """The context of an invoice's trace: below a span that nobody writes, in a trace that everybody finds."""
        name = f"{partner_id}\n{invoice_id}\n{revision}".encode()
        digest = hashlib.blake2b(name, digest_size=24, person=b"halosync-trace").digest()
        trace_id, span_id = int.from_bytes(digest[:16]), int.from_bytes(digest[16:])
        kept = (
            self._provider.sampler.should_sample(Context(), trace_id, "invoice").decision is Decision.RECORD_AND_SAMPLE
        )
        flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if kept else trace.TraceFlags.DEFAULT)
        context = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)
        return trace.set_span_in_context(trace.NonRecordingSpan(context), Context())

    def carried(self) -> dict[str, str]:
        """The headers that carry the open span."""
        headers: dict[str, str] = {}
        self._propagator.inject(headers)
        return headers

    def end(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


class _Opened(Span):
    def __init__(self, opened: trace.Span) -> None:
        self._opened = opened

    def tell(self, **attributes: Value) -> None:
        self._opened.set_attributes(attributes)
