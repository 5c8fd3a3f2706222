"""When the next invoice is expected, and the lines of one as a file."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi.responses import StreamingResponse
from halosync.contracts.settings import PartnerSettings
from halosync.domain.invoice_day import next_expected

from report_api.invoices.models import Line, line_columns
from report_api.web.csv_export import csv_response

NO_INVOICE = "There is no such invoice."

EARLY = timedelta(days=14)
"""An invoice issued at most this long before an expected day is the one that was expected."""


def expected_invoice(settings: PartnerSettings, newest: datetime | None) -> date:
    """Return the day that the partner may expect its next invoice; `newest` is when its newest one was issued."""
    return next_invoice(
        datetime.now(UTC).date(),
        None if newest is None else newest.astimezone(UTC).date(),
        settings.invoice_day,
        settings.country,
    )


def next_invoice(today: date, newest: date | None, day: int, country: str | None) -> date:
    """Return when the next invoice is expected: today or later, and not the day of the newest one."""
    expected = next_expected(today - timedelta(days=1), day, country)
    if newest is not None and newest > expected - EARLY:
        return next_expected(expected, day, country)
    return expected


def lines_csv(
    chunks: AsyncIterator[Sequence[Mapping[str, Any]]], run_id: UUID | None, filename: str = "lines.csv"
) -> StreamingResponse:
    """Return lines with what became of them; `chunks` are rows as of `ReportStore.lines`, `run_id` is their run."""
    return csv_response(Line.model_fields, _columns(chunks, run_id), filename)


async def _columns(
    chunks: AsyncIterator[Sequence[Mapping[str, Any]]], run_id: UUID | None
) -> AsyncIterator[list[Mapping[str, Any]]]:
    async for rows in chunks:
        yield [line_columns(row, run_id) for row in rows]
