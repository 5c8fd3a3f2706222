"""The items of a run as a file, for the API and for the portal alike."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi.responses import StreamingResponse
from halosync.store.reports import ItemFilter

from report_api.ports import Ports
from report_api.runs.models import Item, LicenceShape
from report_api.web.csv_export import CHUNK, csv_response
from report_api.web.paging import chunks

_COLUMNS = tuple(
    column
    for name in Item.model_fields
    for column in ([f"{name}_{part}" for part in LicenceShape.model_fields] if name in {"before", "after"} else [name])
)


def items_csv(ports: Ports, run_id: UUID, wanted: ItemFilter, filename: str = "items.csv") -> StreamingResponse:
    """Return every item of a run that fits the filters, in the plan's order."""

    def fetch(key: int | None, most: int) -> Awaitable[Sequence[Mapping[str, Any]]]:
        return ports.reports.items(run_id, wanted=wanted, after=-1 if key is None else key, most=most)

    return csv_response(_COLUMNS, chunks(fetch, item_key, CHUNK), filename)


def item_key(row: Mapping[str, Any]) -> int:
    """Return what items are sorted by."""
    return int(row["seq"])
