"""The certificate of a closed month: its page, which prints as it is, and its files (spec section 11)."""

from typing import Annotated

from fastapi import Query, Request, Response
from halosync.ports.months import Closing

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.months import sentences
from report_api.months.certificate_files import exceptions_response, pdf_response
from report_api.months.certificate_models import Certificate
from report_api.months.sentences import NOT_CLOSED
from report_api.ports import Ports, PortsHere
from report_api.runs.sentences import requester
from report_api.web.csv_export import for_reader
from report_api.web.problems import not_found
from report_api.web.rendering import page
from report_api.web.visitor import Visitor

router = partner_pages()

Period = Annotated[str, Query(alias="period", max_length=7, description="The month, YYYY-MM; none: the newest.")]
Which = Annotated[int | None, Query(alias="number", ge=1, le=2_000_000_000)]


@router.get("/month/certificate.pdf")
async def certificate_file(
    visitor: VisitorHere, ports: PortsHere, period: Period = "", number: Which = None
) -> Response:
    """Return a certificate of a month as PDF, the one that stands if none is named."""
    certified = Certificate.of(await _closing(ports, visitor, period, number))
    return await pdf_response(certified, visitor.partner.name, ports.heavy_work)


@router.get("/month/certificate.csv")
async def certificate_exceptions(
    visitor: VisitorHere, ports: PortsHere, period: Period = "", number: Which = None
) -> Response:
    """Return all exceptions of a certificate of a month as CSV, of the one that stands if none is named."""
    return exceptions_response(Certificate.of(await _closing(ports, visitor, period, number)), for_reader())


@router.get("/month/certificate")
async def certificate(
    *, request: Request, visitor: VisitorHere, ports: PortsHere, period: Period = "", number: Which = None
) -> Response:
    """Show a certificate of a month, the one that stands if none is named; it prints as it is."""
    closing = await _closing(ports, visitor, period, number)
    return page(
        request,
        "months/certificate.html",
        tab="month",
        period=period,
        partner_name=visitor.partner.name,
        certificate=Certificate.of(closing),
        label=sentences.label,
        approved_words=sentences.approved_words,
        run_kind=sentences.run_kind,
        person=requester,
    )


async def _closing(ports: Ports, visitor: Visitor, period: str, number: int | None) -> Closing:
    """Return how a month was closed, the `number`-th time or as it stands.

    Raises:
        Problem: 404, it was not.
    """
    closing = await ports.months.closing(visitor.partner_id, period, number=number)
    if closing is None:
        raise not_found(NOT_CLOSED)
    return closing
