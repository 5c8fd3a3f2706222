"""The lines of an invoice as a file, for the API and for the portal alike."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi.responses import StreamingResponse

from report_api.invoices.models import Line, line_columns
from report_api.web.csv_export import csv_response


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
