"""The month page: billed, in Halo, difference and why, per customer; closing (spec section 11)."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import Query, Request, Response
from halosync.domain.month import CustomerSum, ReasonSum
from halosync.domain.natural_order import natural_key
from halosync.domain.roles import Role
from halosync.ports.months import Month, MonthChangedError, NotReadyError
from pydantic import AfterValidator, BaseModel

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere, notify
from report_api.invoices.service import expected_invoice
from report_api.months import sentences
from report_api.months.certificate_pages import Period
from report_api.months.rows import RowPage, RowSort, narrowed
from report_api.ports import PortsHere
from report_api.runs.sentences import requester
from report_api.runs.sync_panel import sync_panel
from report_api.web.addresses import partner_url, see_other
from report_api.web.fields import QueryText
from report_api.web.form_fields import read_form
from report_api.web.formats import month as month_name
from report_api.web.formats import number as number_text
from report_api.web.formats import plural
from report_api.web.paging import NumberedPage, PageNumber, Rows, rows_of
from report_api.web.problems import not_found
from report_api.web.rendering import page
from report_api.web.sorting import Sorts

router = partner_pages(changes=Role.BILLER)

SORTS: Sorts[CustomerSum] = Sorts(
    # Who needs somebody stands first, then where most money differs.
    usual=lambda each: (each.keeps_open == 0, each.difference == 0, -abs(each.difference)),
    by={
        "name": lambda each: natural_key(each.customer_name),
        "billed": lambda each: each.billed,
        "in_halo": lambda each: each.in_halo,
        "difference": lambda each: abs(each.difference),
    },
    then=None,  # the month has them by name
)

Sort = Annotated[str, Query(description="By what the customers are sorted."), AfterValidator(SORTS.known)]

MOST_CERTIFICATES = 240
"""The most certificates of months without details that are offered."""

Only = Annotated[QueryText, Query(max_length=500)]


@router.get("/month")
async def show(
    *,
    request: Request,
    visitor: VisitorHere,
    ports: PortsHere,
    period: Period = "",
    customer: Only = "",
    reason: Only = "",
    sort: Sort = "",
    rows: Rows = "",
    number: PageNumber = 1,
    row_sort: RowSort = "",
    rows_page: RowPage = 1,
) -> Response:
    """Show a month, the newest if none is named; with `customer` or `reason`, the rows behind that sum."""
    sync = await sync_panel(ports, visitor, "month")
    periods = await ports.months.periods(visitor.partner_id, most=24)
    wanted = period or next(iter(periods), "")
    month = await ports.months.month(visitor.partner_id, wanted)
    kept = await ports.months.kept_certificates(visitor.partner_id, most=MOST_CERTIFICATES)
    here = partner_url(visitor.partner_id, "month")
    if month is None:
        certificates = [each for each in kept if not period or each.period == period]
        if period and not certificates:
            raise not_found(sentences.NO_MONTH)
        return page(
            request,
            "months/no_month.html",
            tab="month",
            certificates=certificates,
            expected=expected_invoice(await ports.invoice_views.expectation(visitor.partner_id)),
            here=here,
            person=requester,
        )
    customers = SORTS.sorted(month.reconciliation.customers, sort)
    filters = {"period": wanted, "sort": sort, "rows": rows}
    listing = NumberedPage(here, filters, number, rows_of(rows), len(customers))
    # The panel is of the newest month; its newest run may be of an older one, if somebody asked for that.
    here_synced = sync.invoice is not None and sync.invoice.period == wanted
    ended = sync.ended if here_synced and sync.view is not None and sync.view.period == wanted else None
    return page(
        request,
        "months/month.html",
        tab="month",
        month=month,
        state=sentences.STATES[month.reconciliation.state(closed=month.closing is not None)],
        periods=sorted({*periods, wanted, *(each.period for each in kept)}, reverse=True),
        customers=customers[listing.skip : listing.skip + listing.size],
        listing=listing,
        sort=sort,
        sync=sync if here_synced else None,
        narrowed=await narrowed(
            ports, visitor.partner_id, listing, customer=customer, reason=reason, sort=row_sort, number=rows_page
        ),
        open_customers=sum(1 for each in customers if each.keeps_open),
        reasons=_differing(month.reconciliation.reasons),
        first_remedy=_first_remedy(month),
        label=sentences.label,
        button=partial(sentences.button, run_id=ended.run_id if ended else None),
        undecided=here_synced and sync.is_undecided,
        settled=ended is not None and not month.reconciliation.open_things,
        advice=sentences.advice,
        why=_why,
        person=requester,
        here=here,
    )


def _first_remedy(month: Month) -> ReasonSum | None:
    """Return the reason whose remedy puts most of the money right that keeps the month open."""
    open_ones = (each for each in month.reconciliation.reasons if each.keeps_open and each.amount)
    return next((each for each in open_ones if sentences.button(each)), None)


def _why(customer: CustomerSum) -> Sequence[str]:
    return [
        f"{sentences.label(each.reason)} ({number_text(each.count)}){_accepted(each)}"
        for each in _differing(customer.reasons)
    ]


def _accepted(each: ReasonSum) -> str:
    if not each.accepted:
        return ""
    return ", accepted" if each.accepted == each.count else f", {number_text(each.accepted)} accepted"


def _differing(reasons: Sequence[ReasonSum]) -> Sequence[ReasonSum]:
    """Return the reasons that make a difference, or that somebody has to look at: the page says why the two differ."""
    return [each for each in reasons if each.amount or each.keeps_open]


class _Closing(BaseModel):
    """The field of the form that says which month is closed."""

    period: QueryText = ""


@router.post("/month/close")
async def close(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Close the month as it was seen."""
    form = await request.form()
    of, seen = read_form(_Closing, form), str(form.get("seen", ""))
    period = of.period
    try:
        closing = await ports.months.close(
            visitor.partner_id, period, seen=int(seen) if seen.isascii() and seen.isdecimal() else -1, by=visitor.actor
        )
    except NotReadyError as error:
        left = plural(error.open_things, "licence is", "licences are")
        await notify(request, f"The month was not closed: {left} not synchronised and not accepted yet.", "bad")
    except MonthChangedError:
        await notify(request, "The month was not closed: it has changed since you opened this page. Look again.", "bad")
    else:
        if closing is None:
            raise not_found(sentences.NO_MONTH)
        await notify(request, f"{month_name(period)} is closed.")
        return see_other(visitor.partner_id, "month", "certificate", period=period)
    return see_other(visitor.partner_id, "month", period=period)
