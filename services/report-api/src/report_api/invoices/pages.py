"""Report: the invoice of a month, read-only, and what became of every line of it (spec sections 2.2 and 2.7)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from halosync.domain.model import LineKind, Outcome
from halosync.ports.invoice_report import BY_CUSTOMER, LineChoice, LineSort, ReportedInvoice
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.invoices.service import NO_INVOICE, expected_invoice, lines_csv
from report_api.invoices.views import PossibleRemedies, shared_of, shown_customers
from report_api.ports import Ports, PortsHere
from report_api.runs import sentences
from report_api.runs.sync_panel import sync_panel
from report_api.web.addresses import partner_url
from report_api.web.csv_export import CHUNK, for_reader
from report_api.web.fields import QueryText
from report_api.web.paging import NumberedPage, Rows, rows_of
from report_api.web.problems import not_found
from report_api.web.rendering import Values, page
from report_api.web.sorting import order_of

ATTENTION = "attention"
"""The status that stands for every line that needs attention, whatever its outcome."""

_WORDS = ("A to Z", "Z to A")
_AMOUNTS = ("lowest first", "highest first")
_ORDERS: Mapping[LineSort, tuple[str, tuple[str, str]]] = {
    LineSort.CUSTOMER: ("Customer", _WORDS),
    LineSort.PRODUCT: ("Product", _WORDS),
    LineSort.QUANTITY: ("Quantity", _AMOUNTS),
    LineSort.UNIT_PRICE: ("Unit price", _AMOUNTS),
    LineSort.TOTAL: ("Line total", _AMOUNTS),
    LineSort.CYCLE: ("Billing cycle", _WORDS),
    LineSort.STATUS: ("Status", ("what needs attention first", "what is done first")),
}
SORTS: Mapping[str, str] = MappingProxyType(
    {
        f"{sign}{sort}": f"{label}, {words[place]}"
        for sort, (label, words) in _ORDERS.items()
        for place, sign in enumerate(("", "-"))
    }
)
"""The orders to choose from: a minus turns an order round."""

DEFAULT_SORT = str(LineSort.CUSTOMER)


def _known_sort(text: str) -> str:
    if text and text not in SORTS:
        raise ValueError(f"must be one of {', '.join(SORTS)}")
    return text


class ReportQuery(BaseModel):
    """The query of the report page; an empty text asks for nothing, as an untouched field of a form does.

    Attributes:
        invoice: which invoice, by its id; the newest without.
        status: an outcome, or `ATTENTION`.
        sort: one of `SORTS`.
        page: counted from 1.
    """

    model_config = ConfigDict(extra="ignore")

    invoice: Annotated[QueryText, Field(max_length=200)] = ""
    status: Outcome | Literal["attention", ""] = ""
    kind: LineKind | Literal[""] = ""
    cycle: Annotated[QueryText, Field(max_length=200)] = ""
    customer: Annotated[QueryText, Field(max_length=200)] = ""
    q: Annotated[QueryText, Field(max_length=200)] = ""
    sort: Annotated[str, AfterValidator(_known_sort)] = ""
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    rows: Rows = ""

    @property
    def narrowed(self) -> bool:
        """Tell whether not all lines are asked for."""
        return any((self.status, self.kind, self.cycle, self.customer, self.q.strip()))

    @property
    def filters(self) -> Mapping[str, str | None]:
        """Return what stays in the address from page to page."""
        return {
            "invoice": self.invoice,
            "status": self.status,
            "kind": self.kind,
            "cycle": self.cycle,
            "customer": self.customer,
            "q": self.q.strip(),
            "sort": "" if self.sort == DEFAULT_SORT else self.sort,
            "rows": self.rows,
        }

    @property
    def choice(self) -> LineChoice:
        """Return which lines are asked for, and in which order."""
        return LineChoice(
            outcome=Outcome(self.status) if self.status not in {"", ATTENTION} else None,
            needing_attention=self.status == ATTENTION,
            kind=LineKind(self.kind) if self.kind else None,
            customer_id=self.customer or None,
            billing_cycle=self.cycle or None,
            q=self.q.strip() or None,
            order=order_of(LineSort, self.sort) or BY_CUSTOMER,
        )


ReportQueryHere = Annotated[ReportQuery, Query()]
"""The query, as an argument of a page."""


router = partner_pages()

COUNTED = (Outcome.SYNCED, Outcome.FAILED, Outcome.SKIPPED, Outcome.HELD, Outcome.PENDING)
"""The counters, in the order in which they add up."""


@router.get("/report")
async def show(request: Request, visitor: VisitorHere, ports: PortsHere, asked: ReportQueryHere) -> Response:
    """Show an invoice with its counters, and a page of the lines that fit the filters."""
    partner_id = visitor.partner_id
    sync = await sync_panel(ports, visitor)
    invoices = await ports.invoice_views.by_month(partner_id)
    values: Values = {
        "invoices": invoices,
        "expected": expected_invoice(await ports.invoice_views.expectation(partner_id)),
        "asked": asked,
        "sentences": sentences,
        "here": partner_url(partner_id, "report"),
    }
    if not invoices and not asked.invoice:
        return page(request, "invoices/report_empty.html", tab="report", **values)
    of = await _find(ports, partner_id, asked)
    size = rows_of(asked.rows)
    lines = await ports.invoice_reports.page(of, asked.choice, first=(asked.page - 1) * size, most=size)
    possible = PossibleRemedies(partner_id, visitor.partner.connection, idle=not sync.active)
    customers = shown_customers(lines.customers, of, possible)
    values |= {
        "of": of,
        "sync": sync,
        "counts": lines.counts,
        "undone_by": of.run.undone_by if of.run else None,
        "cleanups": await ports.invoice_reports.cleanups(of.run.run_id) if of.run else {},
        "cycles": await ports.invoice_reports.cycles(of.invoice.invoice_pk),
        "customers": customers,
        "shared": shared_of(customers),
        "listing": NumberedPage(values["here"], asked.filters, asked.page, size, lines.counts.fitting),
        "outcomes": COUNTED,
        "kinds": tuple(LineKind),
        "sorts": SORTS,
        "sort": asked.sort or DEFAULT_SORT,
        "attention": ATTENTION,
    }
    return page(request, "invoices/report.html", tab="report", **values)


@router.get("/report/lines.csv")
async def download(visitor: VisitorHere, ports: PortsHere, asked: ReportQueryHere) -> Response:
    """Send every line that fits the filters, in the order of the page, as a CSV file."""
    of = await _find(ports, visitor.partner_id, asked)
    chunks = ports.invoice_reports.chunks(of, asked.choice, CHUNK)
    return lines_csv(of.invoice, chunks, f"invoice-{of.invoice.period}.csv", for_reader())


async def _find(ports: Ports, partner_id: str, asked: ReportQueryHere) -> ReportedInvoice:
    of = await ports.invoice_reports.find(partner_id, asked.invoice or None)
    if of is None:
        raise not_found(NO_INVOICE)
    return of
