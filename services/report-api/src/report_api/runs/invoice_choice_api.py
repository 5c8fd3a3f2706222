"""Which invoices of a month count (spec section 9, "Which invoice")."""

from typing import Annotated

from fastapi import APIRouter, Path
from halosync.contracts.patterns import PERIOD
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.roles import Role
from pydantic import BaseModel, ConfigDict, Field

from report_api.access.api_guard import ActorHere, Partner, partner_router
from report_api.ports import PortsHere
from report_api.runs.invoice_choice import choose_invoices
from report_api.web.problems import responses

router: APIRouter = partner_router("Months", changes=Role.BILLER)


class InvoiceChoice(BaseModel):
    """Which of several invoices of a month count. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"invoices": "together"}})

    invoices: MonthInvoices = Field(
        description="`together`: their lines are one demand. `newest`: only the newest counts."
    )


class ChosenInvoices(InvoiceChoice):
    """What counts now."""

    model_config = ConfigDict(json_schema_extra={"example": {"period": "2026-11", "invoices": "together"}})

    period: str = Field(description="The month, YYYY-MM.")


@router.put("/months/{period}", responses=responses(400, 409, 413), summary="Say which invoices of a month count")
async def choose(
    partner: Partner,
    period: Annotated[str, Path(pattern=PERIOD, description="The month, YYYY-MM.")],
    wanted: InvoiceChoice,
    by: ActorHere,
    ports: PortsHere,
) -> ChosenInvoices:
    """Needed where a month has several invoices that do not replace one another: until then no run begins for it.

    What was said holds for invoices of the month that come later too, and can be changed at any time. 409
    `several_currencies`: invoices in different currencies cannot count together.
    """
    await choose_invoices(ports, partner, period, wanted.invoices, by)
    return ChosenInvoices(period=period, invoices=wanted.invoices)
