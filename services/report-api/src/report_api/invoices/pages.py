"""Report: the invoice of a month, read-only, and what became of every line of it (spec sections 2.2 and 2.7)."""

from typing import Any

from fastapi import Request, Response
from halosync.domain.model import Kind, Outcome
from halosync.store.invoice_report_values import ReportedInvoice

from report_api.access.partner_pages import partner_pages
from report_api.access.session import VisitorHere
from report_api.invoices.expected import expected_invoice
from report_api.invoices.export import lines_csv
from report_api.invoices.report_query import ATTENTION, DEFAULT_SORT, SORTS, Asked
from report_api.invoices.shown_lines import Possible, shown_customers
from report_api.ports import Ports, PortsHere
from report_api.runs import sentences as meanings
from report_api.runs.sync_panel import sync_panel
from report_api.web.addresses import partner_url
from report_api.web.csv_export import CHUNK
from report_api.web.listing import Listing
from report_api.web.problems import not_found
from report_api.web.rendering import page

router = partner_pages()

LINES_A_PAGE = 50
COUNTED = (Outcome.SYNCED, Outcome.FAILED, Outcome.SKIPPED, Outcome.HELD, Outcome.PENDING)
"""The counters, in the order in which they add up."""


@router.get("/report")
async def show(request: Request, visitor: VisitorHere, ports: PortsHere, asked: Asked) -> Response:
    """Show an invoice with its counters, and a page of the lines that fit the filters."""
    partner_id = visitor.partner_id
    invoices = await ports.invoice_reports.invoices(partner_id)
    settings = await ports.partners.settings(partner_id)
    if settings is None:
        raise not_found()
    values: dict[str, Any] = {
        "invoices": invoices,
        "expected": expected_invoice(settings, max((each.issued_at for each in invoices), default=None)),
        "asked": asked,
        "meanings": meanings,
        "here": partner_url(partner_id, "report"),
    }
    if not invoices and not asked.invoice:
        return page(request, "invoices/report_empty.html", tab="report", **values)
    of = await _find(ports, partner_id, asked)
    lines = await ports.invoice_reports.page(of, asked.choice, first=(asked.page - 1) * LINES_A_PAGE, most=LINES_A_PAGE)
    sync = await sync_panel(ports, visitor)
    possible = Possible(partner_id, visitor.partner.connection, idle=not sync.active)
    values |= {
        "of": of,
        "sync": sync,
        "counts": lines.counts,
        "cleanups": await ports.invoice_reports.cleanups(of.run.run_id) if of.run else {},
        "cycles": await ports.invoice_reports.cycles(of.invoice.invoice_pk),
        "customers": shown_customers(lines.customers, of, possible),
        "listing": Listing(values["here"], asked.filters, asked.page, LINES_A_PAGE, lines.counts.fitting),
        "outcomes": COUNTED,
        "kinds": tuple(Kind),
        "sorts": SORTS,
        "sort": asked.sort or DEFAULT_SORT,
        "attention": ATTENTION,
    }
    return page(request, "invoices/report.html", tab="report", **values)


@router.get("/report/lines.csv")
async def download(visitor: VisitorHere, ports: PortsHere, asked: Asked) -> Response:
    """Send every line that fits the filters, in the order of the page, as a CSV file."""
    of = await _find(ports, visitor.partner_id, asked)
    chunks = ports.invoice_reports.chunks(of, asked.choice, CHUNK)
    return lines_csv(chunks, of.run.run_id if of.run else None, f"invoice-{of.invoice.period}.csv")


async def _find(ports: Ports, partner_id: str, asked: Asked) -> ReportedInvoice:
    of = await ports.invoice_reports.find(partner_id, asked.invoice or None)
    if of is None:
        raise not_found("There is no such invoice.")
    return of
