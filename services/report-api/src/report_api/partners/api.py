"""All partners, for operators' keys: who there is, and who is ready for a month (spec section 11)."""

from typing import Annotated

from fastapi import APIRouter, Query
from halosync.contracts.patterns import PERIOD
from pydantic import TypeAdapter

from report_api.access.api_guard import operator_router
from report_api.partners.models import PartnerPage, PartnerSummary, Readiness, ReadinessPage
from report_api.ports import PortsHere
from report_api.web.fields import QueryText
from report_api.web.paging import CursorText, Keyset, Limit

router: APIRouter = operator_router("Partners")

_PARTNERS = Keyset("partners", TypeAdapter[str](QueryText))
_READINESS = Keyset("readiness", TypeAdapter[str](QueryText))

Period = Annotated[
    str | None,
    Query(pattern=PERIOD, description="The month, YYYY-MM; left out: the newest of each partner."),
]


@router.get("/partners", summary="List partners")
async def list_partners(ports: PortsHere, cursor: CursorText = None, limit: Limit = 100) -> PartnerPage:
    """Every partner with its connection, newest invoice and newest run, by id. For operators' keys."""
    found = await ports.readiness.page(after=_PARTNERS.after(cursor), most=limit + 1)
    page, following = _PARTNERS.split(found, limit, lambda partner: partner.partner_id)
    return PartnerPage(items=[PartnerSummary.of(partner) for partner in page], next_cursor=following)


@router.get("/readiness", summary="Show who is ready for a month")
async def readiness(
    ports: PortsHere, period: Period = None, cursor: CursorText = None, limit: Limit = 100
) -> ReadinessPage:
    """Per partner whether its invoice will be synchronised, or what is missing, by id. For operators' keys."""
    found = await ports.readiness.page(period=period, after=_READINESS.after(cursor), most=limit + 1)
    page, following = _READINESS.split(found, limit, lambda partner: partner.partner_id)
    return ReadinessPage(items=[Readiness.of(partner) for partner in page], next_cursor=following)
