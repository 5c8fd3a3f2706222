"""What the report page begins with."""

from fastapi import APIRouter

from report_api.access.partner_api import Partner, partner_router
from report_api.invoices.expected import expected_invoice
from report_api.invoices.models import Invoice, Summary
from report_api.ports import PortsHere
from report_api.runs.service import show_run
from report_api.web.problems import not_found

router: APIRouter = partner_router("Summary")


@router.get("/summary", summary="Show the summary")
async def show(partner: Partner, ports: PortsHere) -> Summary:
    """The newest invoice and run, how much was synchronised, and when the next invoice is expected."""
    settings = await ports.partners.settings(partner)
    if settings is None:
        raise not_found()
    invoice = next(iter(await ports.reports.invoices(partner, after=None, most=1)), None)
    run = next(iter(await ports.reports.runs(partner, after=None, most=1)), None)
    applied = await ports.reports.newest_apply(partner)
    return Summary(
        invoice=None if invoice is None else Invoice.from_row(invoice),
        run=None if run is None else await show_run(ports, run),
        successful_synchronisations=applied["synced"] if applied else 0,
        failed_synchronisations=applied["failed"] if applied else 0,
        next_expected_invoice=expected_invoice(settings, invoice["issued_at"] if invoice else None),
    )
