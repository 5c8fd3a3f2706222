"""What was loaded: invoices and their lines, each with what became of it; and the summary."""

from collections.abc import Awaitable, Iterable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from halosync.contracts.invoice import Period
from halosync.domain.model import Outcome
from halosync.domain.run_order import RunMode
from halosync.ports.invoice_views import InvoiceView
from halosync.ports.line_views import LineFilter, LineView
from pydantic import TypeAdapter

from report_api.access.api_guard import Partner, partner_router
from report_api.invoices.models import Invoice, InvoicePage, Line, LinePage, ReportSummary
from report_api.invoices.service import NO_INVOICE, expected_invoice, lines_csv
from report_api.ports import PortsHere
from report_api.runs.service import show_run
from report_api.web.csv_export import CHUNK, csv_response, wants_csv
from report_api.web.fields import Moment, QueryText, Search
from report_api.web.paging import BigInt, CursorText, Int, Keyset, Limit, chunks
from report_api.web.problems import CSV_TOO, not_found, purged, responses

router: APIRouter = partner_router("Invoices")
summary_router: APIRouter = partner_router("Summary")

_INVOICES = Keyset("invoices", TypeAdapter[tuple[str, datetime, int]](tuple[Period, Moment, BigInt]))
_LINES = Keyset("lines", TypeAdapter[int](Int))
_INVOICE_COLUMNS = (*(name for name in Invoice.model_fields if name != "run"), "run_id", "run_state")


@router.get("/invoices", response_model=InvoicePage, responses=CSV_TOO, summary="List invoices")
async def list_invoices(
    request: Request, partner: Partner, ports: PortsHere, cursor: CursorText = None, limit: Limit = 100
) -> InvoicePage | Response:
    """What was loaded, newest first: one entry for each invoice, its newest revision.

    With `Accept: text/csv` the whole list as a file; `cursor` and `limit` are not used then.
    """
    after = _INVOICES.after(cursor)
    if wants_csv(request):
        every = chunks(lambda key, most: ports.invoice_views.page(partner, after=key, most=most), _invoice_key, CHUNK)
        return csv_response(_INVOICE_COLUMNS, every, "invoices.csv", cells=_invoice_cells)
    invoices = await ports.invoice_views.page(partner, after=after, most=limit + 1)
    page, following = _INVOICES.split(invoices, limit, _invoice_key)
    return InvoicePage(items=[Invoice.of(view) for view in page], next_cursor=following)


# The id may hold any character, also "/": the path convertor takes it to the last "/lines".
@router.get(
    "/invoices/{invoice_id:path}/lines",
    response_model=LinePage,
    responses={**CSV_TOO, **responses(410)},
    summary="List an invoice's lines",
)
async def list_lines(
    *,
    request: Request,
    partner: Partner,
    invoice_id: Annotated[str, Path(description="Percent-encoded; it may hold any character.")],
    ports: PortsHere,
    outcome: Annotated[Outcome | None, Query(description="Only lines with this outcome.")] = None,
    customer_id: Annotated[QueryText | None, Query(description="Only lines of this customer.")] = None,
    q: Search = None,
    cursor: CursorText = None,
    limit: Limit = 100,
) -> LinePage | Response:
    """The lines of an invoice's newest revision, each with its outcome in the newest run that applied it.

    A run that could not read Halo changed nothing: the outcomes of the one before stay true.

    With `Accept: text/csv` every line that fits the filters as a file; `cursor` and `limit` are not used then. 410
    `no_longer_kept`: the invoice is so old that its lines are no longer kept.
    """
    after = _LINES.after(cursor)
    of = await ports.invoice_reports.find(partner, invoice_id)
    if of is None:
        raise not_found(NO_INVOICE)
    if of.is_purged:
        raise purged("lines")
    wanted = LineFilter(outcome, customer_id, q)

    def fetch(key: int | None, most: int) -> Awaitable[Sequence[LineView]]:
        return ports.line_views.page(of.lines, wanted, after=key or 0, most=most)

    if wants_csv(request):
        return lines_csv(of.invoice, chunks(fetch, _line_key, CHUNK))
    page, following = _LINES.split(await fetch(after, limit + 1), limit, _line_key)
    return LinePage(items=[Line.model_validate(line) for line in page], next_cursor=following)


def _invoice_key(view: InvoiceView) -> tuple[str, datetime, int]:
    return view.invoice.period, view.invoice.issued_at, view.invoice.invoice_pk


def _invoice_cells(view: InvoiceView) -> Iterable[object]:
    return (*(getattr(view.invoice, name) for name in _INVOICE_COLUMNS[:-2]), view.run_id, view.run_state)


def _line_key(line: LineView) -> int:
    return line.line_no


@summary_router.get("/summary", summary="Show the summary")
async def show(partner: Partner, ports: PortsHere) -> ReportSummary:
    """The newest invoice and run, how much was synchronised, and when the next invoice is expected."""
    newest = await ports.invoice_views.newest(partner)
    run = await ports.run_views.newest(partner)
    applied = await ports.run_views.newest(partner, RunMode.APPLY)
    return ReportSummary(
        invoice=None if newest is None else Invoice.of(newest),
        run=None if run is None else await show_run(ports, run),
        successful_synchronisations=applied.counters.synced if applied else 0,
        failed_synchronisations=applied.counters.failed if applied else 0,
        next_expected_invoice=expected_invoice(await ports.invoice_views.expectation(partner)),
    )
