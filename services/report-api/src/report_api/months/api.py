"""Months: what was billed, what is in Halo, why they differ; accepted, closed, certified (spec section 11)."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from halosync.contracts.patterns import ITEM_KEY, PERIOD
from halosync.domain.listing import counted
from halosync.domain.roles import Role
from halosync.ports.months import ClosedMonthError, Month, MonthChangedError, NotReadyError, UnknownItemError
from pydantic import TypeAdapter

from report_api.access.api_guard import ActorHere, Partner, partner_router
from report_api.months.certificate_files import exceptions_response, pdf_response
from report_api.months.certificate_models import Certificate
from report_api.months.models import (
    AcceptedDifference,
    AcceptRequest,
    ClosedMonth,
    CloseRequest,
    MonthDetail,
    MonthPage,
    MonthRow,
    MonthRowPage,
    MonthSummary,
)
from report_api.months.sentences import CLOSED, NO_MONTH, NOT_CLOSED, approved_words, label, run_kind
from report_api.ports import Ports, PortsHere
from report_api.runs.sentences import requester
from report_api.web.accept import prefers
from report_api.web.fields import QueryText
from report_api.web.formats import plural
from report_api.web.paging import CursorText, Keyset, Limit
from report_api.web.problems import Problem, not_found, responses
from report_api.web.rendering import HEADERS, fragment

router: APIRouter = partner_router("Months", changes=Role.BILLER)

HTML, PDF, CSV = "text/html", "application/pdf", "text/csv"
NO_CERTIFICATE = "This month has no certificate of that number. GET the month to see how many it has."

_MONTHS = Keyset("months", TypeAdapter[str](QueryText))
_ROWS = Keyset("month-items", TypeAdapter[tuple[str, str, str]](tuple[QueryText, QueryText, QueryText]))

Period = Annotated[str, Path(pattern=PERIOD, description="The month that is billed, YYYY-MM.")]
ItemKey = Annotated[str, Path(pattern=ITEM_KEY, description="The `item_key` of a row.")]


@router.get("/months", summary="List months")
async def list_months(partner: Partner, ports: PortsHere, cursor: CursorText = None, limit: Limit = 12) -> MonthPage:
    """The months that have an invoice, newest first, each with its sums over all its runs."""
    periods = await ports.months.periods(partner, before=_MONTHS.after(cursor), most=limit + 1)
    page, following = _MONTHS.split(periods, limit, str)
    months = [await ports.months.month(partner, period) for period in page]
    return MonthPage(items=[MonthSummary.of(month) for month in months if month], next_cursor=following)


@router.get("/months/{period}", summary="Show a month")
async def show_month(partner: Partner, period: Period, ports: PortsHere) -> MonthDetail:
    """What was billed, what Halo holds of it, and why they differ, cumulative over all runs of the month."""
    return MonthDetail.with_customers(await _found(ports, partner, period))


@router.get("/months/{period}/items", summary="List the rows behind a month's sums")
async def list_items(
    *,
    partner: Partner,
    period: Period,
    ports: PortsHere,
    reason: Annotated[QueryText | None, Query(description="Only rows that differ for this reason.")] = None,
    customer_id: Annotated[QueryText | None, Query(description="Only rows of this customer.")] = None,
    different: Annotated[bool, Query(description="True: only rows that differ, or have a reason.")] = False,
    cursor: CursorText = None,
    limit: Limit = 100,
) -> MonthRowPage:
    """Every thing of the month with what is billed and what Halo holds of it. They add up to the month's sums."""
    rows = await ports.months.items(
        partner,
        period,
        reason=reason,
        customer_id=customer_id,
        only_different=different,
        after=_ROWS.after(cursor),
        most=limit + 1,
    )
    page, following = _ROWS.split(rows, limit, lambda row: (row.customer_id, row.item_key, row.cycle_key))
    return MonthRowPage(items=[MonthRow.of(row) for row in page], next_cursor=following)


@router.put(
    "/months/{period}/acceptances/{item_key}",
    responses=responses(400, 409, 413),
    summary="Accept a difference as it is",
)
async def accept(
    *, partner: Partner, period: Period, item_key: ItemKey, wanted: AcceptRequest, by: ActorHere, ports: PortsHere
) -> AcceptedDifference:
    """It no longer keeps the month from being ready. This holds for the reason that it has now, and for no other.

    409 `month_closed`: the month is closed.
    """
    try:
        accepted_at = await ports.months.accept(partner, period, item_key, wanted.note, by=by)
    except UnknownItemError:
        raise not_found("Nothing with this key differs in this month. GET its items to see what does.") from None
    except ClosedMonthError:
        raise Problem(409, "month_closed", CLOSED) from None
    return AcceptedDifference(item_key=item_key, note=wanted.note, accepted_at=accepted_at)


@router.delete(
    "/months/{period}/acceptances/{item_key}",
    status_code=204,
    responses=responses(409),
    summary="Take an acceptance back",
)
async def withdraw(partner: Partner, period: Period, item_key: ItemKey, by: ActorHere, ports: PortsHere) -> Response:
    """The difference keeps the month open again. 409 `month_closed`: the month is closed."""
    try:
        gone = await ports.months.withdraw(partner, period, item_key, by=by)
    except ClosedMonthError:
        raise Problem(409, "month_closed", CLOSED) from None
    if not gone:
        raise not_found("Nothing with this key is accepted in this month, so there is nothing to take back.")
    return Response(status_code=204)


@router.post("/months/{period}/close", status_code=201, responses=responses(400, 409, 413), summary="Close a month")
async def close(partner: Partner, period: Period, wanted: CloseRequest, by: ActorHere, ports: PortsHere) -> ClosedMonth:
    """Certify the month as it stands. A new revision of its invoice opens it again, and so does an undo of its runs.

    The certificates of before are kept.

    409 `not_ready`: something is neither synchronised nor accepted. 409 `changed_since`: the month has another number
    of accepted exceptions than you have seen.
    """
    try:
        closing = await ports.months.close(partner, period, seen=wanted.seen, by=by)
    except NotReadyError as error:
        left = plural(error.open_things, "licence is", "licences are")
        detail = f"{left} not synchronised and not accepted yet. Synchronise or accept each, then close the month."
        raise Problem(409, "not_ready", detail, open_count=error.open_things) from None
    except MonthChangedError as error:
        detail = (
            f"The month has {counted(error.accepted, 'accepted exception')} by now. Look at it again, then close it."
        )
        raise Problem(409, "changed_since", detail, accepted_count=error.accepted) from None
    if closing is None:
        raise not_found(NO_MONTH)
    return ClosedMonth(period=period, closed_at=closing.closed_at, closed_by=closing.closed_by)


@router.get(
    "/months/{period}/certificate",
    response_model=Certificate,
    responses={
        200: {
            "content": {
                HTML: {"schema": {"type": "string"}},
                PDF: {"schema": {"type": "string", "format": "binary"}},
                CSV: {"schema": {"type": "string"}},
            },
            "description": "JSON, a page that prints, a PDF, or the exceptions as CSV.",
        }
    },
    summary="Show the certificate of a closed month",
)
async def certificate(
    *,
    request: Request,
    partner: Partner,
    period: Period,
    ports: PortsHere,
    number: Annotated[
        int | None, Query(ge=1, le=2_000_000_000, description="Which of the month's certificates; none: that stands.")
    ] = None,
) -> Certificate | Response:
    """What was certified when the month was closed: totals, changes, exceptions and who accepted them, runs.

    With `Accept: text/html` as a page that prints, with `application/pdf` as a PDF with its fonts in it and, of many
    exceptions, the first ones; with `text/csv` all exceptions as a file.
    """
    closing = await ports.months.closing(partner, period, number=number)
    if closing is None:
        await _found(ports, partner, period)
        raise not_found(NOT_CLOSED if number is None else NO_CERTIFICATE)
    certified = Certificate.of(closing)
    if prefers(request, CSV):
        return exceptions_response(certified)
    as_pdf = prefers(request, PDF)
    if not as_pdf and not prefers(request, HTML):
        return certified
    header = await ports.sessions.header(partner)
    name = header.name if header else partner
    if as_pdf:
        return await pdf_response(certified, name, ports.heavy_work)
    words = {"label": label, "person": requester, "approved_words": approved_words, "run_kind": run_kind}
    html = fragment("months/certificate_alone.html", certificate=certified, partner_name=name, **words)
    return HTMLResponse(html, headers={**HEADERS, "Vary": "Accept"})


async def _found(ports: Ports, partner: str, period: str) -> Month:
    month = await ports.months.month(partner, period)
    if month is None:
        raise not_found(NO_MONTH)
    return month
