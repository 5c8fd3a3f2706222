"""What the report page begins with."""

from datetime import UTC, date, datetime, timedelta

from fastapi import APIRouter
from halosync.domain.invoice_day import next_expected

from report_api.models.invoices import Invoice
from report_api.models.partner import Summary
from report_api.ports import PortsHere
from report_api.problems import not_found
from report_api.routes.router import Partner, partner_router
from report_api.runs import show_run

router: APIRouter = partner_router("Summary")

EARLY = timedelta(days=14)
"""An invoice issued at most this long before an expected day is the one that was expected."""


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
        next_expected_invoice=next_invoice(
            datetime.now(UTC).date(),
            None if invoice is None else invoice["issued_at"].astimezone(UTC).date(),
            settings.invoice_day,
            settings.country,
        ),
    )


def next_invoice(today: date, newest: date | None, day: int, country: str | None) -> date:
    """Return when the next invoice is expected: today or later, and not the day of the newest one."""
    expected = next_expected(today - timedelta(days=1), day, country)
    if newest is not None and newest > expected - EARLY:
        return next_expected(expected, day, country)
    return expected
