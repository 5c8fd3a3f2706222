"""The items of a run: what was done, line by line."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from halosync.domain.model import Action, Outcome
from halosync.store.reports import ItemFilter
from pydantic import TypeAdapter

from report_api.access.partner_api import Partner, partner_router
from report_api.ports import PortsHere
from report_api.runs.api import RunPath, find_run
from report_api.runs.export import item_key, items_csv
from report_api.runs.models import Item, ItemPage
from report_api.web.csv_export import wants_csv
from report_api.web.paging import CursorText, Int, Keyset, Limit
from report_api.web.problems import CSV_TOO
from report_api.web.texts import Search

router: APIRouter = partner_router("Runs")

_ITEMS = Keyset("items", TypeAdapter[int](Int))


@router.get("/runs/{run_id}/items", response_model=ItemPage, responses=CSV_TOO, summary="List a run's items")
async def list_items(
    *,
    request: Request,
    partner: Partner,
    run_id: RunPath,
    ports: PortsHere,
    outcome: Annotated[Outcome | None, Query(description="Only items with this outcome.")] = None,
    action: Annotated[Action | None, Query(description="Only items with this action.")] = None,
    q: Search = None,
    cursor: CursorText = None,
    limit: Limit = 100,
) -> ItemPage | Response:
    """What the run does or did for each product of each client, with the licence before and after.

    With `Accept: text/csv` every item that fits the filters as a file; `cursor` and `limit` are not used then.
    """
    after = _ITEMS.after(cursor)
    run = await find_run(ports, partner, run_id)
    wanted = ItemFilter(outcome, action, q)

    if wants_csv(request):
        return items_csv(ports, run["run_id"], wanted)
    rows = await ports.reports.items(run["run_id"], wanted=wanted, after=-1 if after is None else after, most=limit + 1)
    page, following = _ITEMS.split(rows, limit, item_key)
    return ItemPage(items=[Item.from_row(row) for row in page], next_cursor=following)
