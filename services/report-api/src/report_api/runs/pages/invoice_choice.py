"""The form of the Sync panel that says which invoices of a month count."""

from fastapi import Request, Response
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.roles import Role

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere, notify
from report_api.ports import PortsHere
from report_api.runs.invoice_choice import NO_MONTH, choose_invoices
from report_api.web.addresses import see_other
from report_api.web.problem_sentences import NOT_FILLED_IN
from report_api.web.problems import Problem, not_found

router = partner_pages(changes=Role.BILLER)

_SAID = {
    MonthInvoices.TOGETHER: "The invoices of this month count together now. Press Sync to carry them out.",
    MonthInvoices.NEWEST: "Only the newest invoice of this month counts now. Press Sync to carry it out.",
}


@router.post("/months/{period}/invoices")
async def choose(request: Request, visitor: VisitorHere, ports: PortsHere, period: str) -> Response:
    """Say which invoices of a month count."""
    if not await ports.month_choices.exists(visitor.partner_id, period):
        raise not_found(NO_MONTH)
    form = await request.form()
    try:
        choice = MonthInvoices(str(form.get("invoices", "")))
    except ValueError:
        raise Problem(422, "validation_failed", NOT_FILLED_IN) from None
    try:
        await choose_invoices(ports, visitor.partner_id, period, choice, visitor.actor)
    except Problem as problem:
        if problem.status_code != 409:
            raise
        await notify(request, problem.detail, "bad")
    else:
        await notify(request, _SAID[choice], "info")
    return see_other(visitor.partner_id, "month" if form.get("back") == "month" else "report")
