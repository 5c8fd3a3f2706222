"""When the next invoice is expected, and the lines of one as a file."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter

from fastapi.responses import StreamingResponse
from halosync.domain.invoice_day import next_expected
from halosync.ports.invoice_views import Expectation, LoadedInvoice
from halosync.ports.line_views import LineView

from report_api.invoices.models import Line
from report_api.runs.service import LICENCE_COLUMNS, licence_cells
from report_api.web.csv_export import FOR_PROGRAMS, Signs, csv_response

NO_INVOICE = "There is no such invoice."

EARLY = timedelta(days=14)
"""An invoice issued at most this long before an expected day is the one that was expected."""


def expected_invoice(by: Expectation) -> date:
    """Return the day that the partner may expect its next invoice."""
    began = None if by.newest_month_began is None else by.newest_month_began.astimezone(UTC).date()
    return next_invoice(datetime.now(UTC).date(), began, by.invoice_day, by.country)


def next_invoice(today: date, newest: date | None, day: int, country: str | None) -> date:
    """Return when the next invoice is expected: today or later, and not the day of the newest one."""
    expected = next_expected(today - timedelta(days=1), day, country)
    if newest is not None and newest > expected - EARLY:
        return next_expected(expected, day, country)
    return expected


_OF_THE_INVOICE = attrgetter("invoice_id", "revision", "period", "currency")
_PLAIN = tuple(name for name in Line.model_fields if name not in {"before", "after"})
_line = attrgetter(*_PLAIN)


def lines_csv(
    invoice: LoadedInvoice,
    chunks: AsyncIterator[Sequence[LineView]],
    filename: str = "lines.csv",
    signs: Signs = FOR_PROGRAMS,
) -> StreamingResponse:
    """Return the lines of an invoice with what became of them and of their licences.

    Each row says which invoice it is of, and in which currency.
    """
    of = _OF_THE_INVOICE(invoice)
    columns = (*_PLAIN, "invoice_id", "revision", "period", "currency", *LICENCE_COLUMNS)
    return csv_response(
        columns,
        chunks,
        filename,
        cells=lambda line: (*_line(line), *of, *licence_cells(line.before, line.after)),
        signs=signs,
    )
