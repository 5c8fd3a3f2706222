"""Traces by OpenTelemetry: an invoice line from its event to Halo's answer, over all services. Off by default.

On by the usual variables: `OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`) or `OTEL_TRACES_EXPORTER`; the others
of OpenTelemetry's specification are read by its SDK, which is imported only then. Off, a span is nothing.

The context travels in the headers of messages (W3C Trace Context), and waits with them in the outbox. An invoice is one
trace, from when it is taken in to the last run for it: its id is made from what names the invoice, so whoever starts a
run, hours later and in another process, goes on in the same trace and nothing is kept.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

SpanKind = Literal["internal", "server", "client", "consumer"]
Value = str | int | float | bool

HEADERS = ("traceparent", "tracestate")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Span:
    """What can be told of a span while it lasts; of one that is not kept, nothing."""

    def tell(self, **attributes: Value) -> None:
        """Add what became known."""


class Tracing(Protocol):
    """What makes spans, while tracing is on."""

    def span(
        self, name: str, kind: SpanKind, attributes: Mapping[str, Value | None], below: object = None
    ) -> AbstractContextManager[Span]:
        """A span around what is done within; `below` None is below the open one."""

    def sent_in(self, headers: Mapping[str, str]) -> object:
        """The context that a message brings; an empty one if it brings none, whatever is open here."""

    def invoice(self, partner_id: str, invoice_id: str, revision: int) -> Any:
        """The context of an invoice's trace."""

    def carried(self) -> dict[str, str]:
        """The headers that carry the open span."""

    def end(self) -> None:
        """Send what is left."""


class _Process:
    """The tracing of this process, as its log and its metrics are."""

    tracing: Tracing | None = None


_NO_SPAN = Span()
_OFF = frozenset({"none"})
"""Values of OTEL_TRACES_EXPORTER that switch traces off."""


def wanted() -> bool:
    """Tell whether the environment asks for traces."""
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "").strip()
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter in _OFF:
        return False
    return bool(exporter) or any(os.environ.get(name, "").strip() for name in _ENDPOINTS)


def start_tracing(service: str, exporter: "SpanExporter | None" = None) -> Callable[[], None]:
    """Trace from now on, if the environment asks for it or there is an exporter; return what ends it.

    Args:
        service: what the process is called, unless `OTEL_SERVICE_NAME` says otherwise.
        exporter: takes each span as it ends, in the place of OTLP over HTTP.
    """
    if exporter is None and not wanted():
        return lambda: None
    tracing: Tracing = import_module("halosync.observability.tracing_sdk").SdkTracing(service, exporter)
    _Process.tracing = tracing

    def end() -> None:
        _Process.tracing = None
        tracing.end()

    return end


def span(name: str, kind: SpanKind = "internal", **attributes: Value | None) -> AbstractContextManager[Span]:
    """A span around what is done within, below the one that is open."""
    tracing = _Process.tracing
    return nullcontext(_NO_SPAN) if tracing is None else tracing.span(name, kind, attributes)


def received(name: str, headers: Mapping[str, Any], **attributes: Value | None) -> AbstractContextManager[Span]:
    """A span around the work on a message, below the one in which it was sent."""
    tracing = _Process.tracing
    if tracing is None:
        return nullcontext(_NO_SPAN)
    return tracing.span(name, "consumer", attributes, tracing.sent_in(passed_on(headers)))


def of_invoice(
    name: str, partner_id: str, invoice_id: str, revision: int, **attributes: Value | None
) -> AbstractContextManager[Span]:
    """A span in the trace of an invoice; the one that is open, in another trace, is linked."""
    tracing = _Process.tracing
    if tracing is None:
        return nullcontext(_NO_SPAN)
    named = {"partner_id": partner_id, "invoice_id": invoice_id, "revision": revision, **attributes}
    return tracing.span(name, "internal", named, tracing.invoice(partner_id, invoice_id, revision))


def carried() -> dict[str, str]:
    """The headers that carry the open span to whoever gets a message; none while nothing is traced."""
    tracing = _Process.tracing
    return {} if tracing is None else tracing.carried()


def passed_on(headers: Mapping[str, object]) -> dict[str, str]:
    """Those of a message's headers that carry its context: for a copy of it."""
    return {name: str(headers[name]) for name in HEADERS if name in headers}
