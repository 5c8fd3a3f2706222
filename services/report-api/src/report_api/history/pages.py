"""History: the last twelve invoices as a chart and a table, and every run."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from halosync.domain.model import Outcome
from halosync.domain.run_order import RunMode
from halosync.ports.invoice_views import SyncedInvoice
from halosync.ports.run_views import RunSort
from pydantic import AfterValidator

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.history import chart as drawing
from report_api.history.chart import Chart, Column
from report_api.ports import PortsHere
from report_api.runs import sentences
from report_api.runs.service import seconds_of, show_runs
from report_api.web.addresses import partner_url
from report_api.web.paging import NumberedPage, PageNumber
from report_api.web.rendering import Values, page
from report_api.web.sorting import known_sort, order_of

router = partner_pages()

INVOICES = 12
RUNS_A_PAGE = 25
STACKED = (Outcome.SYNCED, Outcome.SKIPPED, Outcome.HELD, Outcome.FAILED, Outcome.PENDING)
"""From the bottom of a column to its top: what is fine at the bottom, what needs somebody on top."""

Sort = Annotated[
    str,
    Query(description="By what the runs are sorted, a minus in front: from behind."),
    AfterValidator(partial(known_sort, list(RunSort))),
]
ModeFilter = Annotated[RunMode | Literal[""], Query(alias="mode", description="Only runs of this mode.")]


@router.get("/history")
async def show_history(
    *,
    request: Request,
    visitor: VisitorHere,
    ports: PortsHere,
    mode: ModeFilter = "",
    number: PageNumber = 1,
    sort: Sort = "",
) -> Response:
    """Show what became of the last invoices, and the runs, newest first."""
    partner_id, wanted = visitor.partner_id, mode or None
    counts = await ports.run_views.mode_counts(partner_id)
    of = sum(counts.values()) if wanted is None else counts[wanted]
    listing = NumberedPage(partner_url(partner_id, "history"), {"mode": wanted, "sort": sort}, number, RUNS_A_PAGE, of)
    skip, most = listing.skip, listing.size
    order = order_of(RunSort, sort)
    if order is None:
        runs = await ports.run_views.of_partner(partner_id, mode=wanted, skip=skip, most=most)
    else:
        runs = await ports.run_views.sorted(partner_id, order, mode=wanted, skip=skip, most=most)
    invoices = by_run(await ports.invoice_views.synced(partner_id, most=INVOICES))
    values: Values = {
        "invoices": invoices,
        "chart": chart_of(list(reversed(invoices))),
        "size": drawing,
        "runs": list(zip(await show_runs(ports, runs), (run.period for run in runs), strict=True)),
        "seconds_of": seconds_of,
        "counts": counts,
        "listing": listing,
        "sort": sort,
        "sentences": sentences,
        "outcomes": STACKED,
    }
    return page(request, "history/history.html", tab="history", **values)


def by_run(invoices: Sequence[SyncedInvoice]) -> Sequence[SyncedInvoice]:
    """Return the invoices, those that one run synchronised together as one: it counted their items once."""
    told: dict[object, SyncedInvoice] = {}
    for each in invoices:
        key = each.run_id or each.invoice_id
        first = told.setdefault(key, each)
        if first is not each:
            told[key] = replace(first, others=(*first.others, each))
    return list(told.values())


def chart_of(invoices: Sequence[SyncedInvoice]) -> Chart:
    """Return the chart of invoices, the oldest first; a year is named where it begins.

    A year that ends with the first column is not: on a phone its name would touch the next.
    """
    months = [date.fromisoformat(f"{invoice.period}-01") for invoice in invoices]
    years = [str(month.year) for month in months]
    named = ["" if year == before else year for before, year in zip([None, *years], years, strict=False)]
    if len(set(years[:2])) > 1:
        named[0] = ""
    columns = [
        Column(f"{month:%b}", year, invoice.counts)
        for month, year, invoice in zip(months, named, invoices, strict=True)
    ]
    return drawing.draw(columns, STACKED)
