"""Runs and their items: started, watched, cancelled, listed (spec section 2)."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from halosync.domain.model import Action, Outcome
from halosync.domain.roles import Role
from halosync.ports.item_views import ItemFilter
from pydantic import TypeAdapter

from report_api.access.api_guard import ActorHere, Partner, PrincipalHere, partner_router
from report_api.ports import PortsHere
from report_api.runs.models import Item, ItemPage, Run, RunPage, RunRequest, RunStarted
from report_api.runs.service import find_run, item_seq, items_csv, no_run_as_problem, run_uuid, show_run, show_runs
from report_api.runs.watch import run_events
from report_api.web.csv_export import wants_csv
from report_api.web.fields import Moment, Search
from report_api.web.paging import CursorText, Int, Keyset, Limit
from report_api.web.problems import CSV_TOO, purged, responses

router: APIRouter = partner_router("Runs", changes=Role.BILLER)

_RUNS = Keyset("runs", TypeAdapter[tuple[datetime, UUID]](tuple[Moment, UUID]))
_ITEMS = Keyset("items", TypeAdapter[int](Int))
_STARTED: dict[int | str, dict[str, object]] = {
    **responses(409),
    202: {"headers": {"Location": {"description": "Where to watch the run.", "schema": {"type": "string"}}}},
}

RunPath = Annotated[str, Path(description="The run's id.", json_schema_extra={"format": "uuid"})]
"""A run's id in the address, as text: what is no UUID is not found like any other run that does not exist."""


@router.post(
    "/runs",
    status_code=202,
    responses={**_STARTED, **responses(400, 413)},
    summary="Start a run (Sync)",
)
async def start(
    partner: Partner, wanted: RunRequest, by: ActorHere, ports: PortsHere, response: Response
) -> RunStarted:
    """Synchronise the newest invoice, or the named one. Doing it again is safe and does only what is left to do.

    One run of a partner at a time: 409 `run_in_progress` names the one that goes on in `run_id`. 409 `not_connected`:
    connect Halo first. 409 `older_period`: the invoice is older than what counts now; a run that is wanted all the same
    says `allow_older`. 409 `several_invoices`: the month has several, and `PUT …/months/{period}` says which count. 422
    `invoice_empty`: an invoice without lines starts no run.

    With `undo`, the run `run_id` is undone: 409 `run_in_progress` while it goes on, 409 `nothing_to_undo` if it changed
    nothing, 409 `other_tenant` if it was for another Halo. What was changed since is `skipped` with reason
    `changed_since`. With `approve`: 409 `not_held` if not all of the items are held items of that run.
    """
    with no_run_as_problem():
        run_id = await ports.runs.request(partner, wanted.order, by=by)
    response.headers["Location"] = _address(partner, run_id)
    return RunStarted(run_id=run_id)


@router.post("/runs/{run_id}/retry", status_code=202, responses=_STARTED, summary="Retry what a run left")
async def retry(partner: Partner, run_id: RunPath, by: ActorHere, ports: PortsHere, response: Response) -> RunStarted:
    """Start a new run for the invoice of a run that failed, was cancelled or left items. What is done stays done.

    409 `nothing_left` says in `why` that there is nothing to retry; with `held`, approve the removals instead. 409
    `run_outdated`: a newer invoice has come. Otherwise as starting a run.
    """
    with no_run_as_problem():
        new = await ports.retries.retry(run_uuid(run_id), partner_id=partner, by=by)
    response.headers["Location"] = _address(partner, new)
    return RunStarted(run_id=new)


def _address(partner: str, run_id: UUID) -> str:
    return f"/v1/partners/{quote(partner, safe='')}/runs/{run_id}"


@router.get("/runs", summary="List runs")
async def list_runs(partner: Partner, ports: PortsHere, cursor: CursorText = None, limit: Limit = 100) -> RunPage:
    """Runs and previews, newest first."""
    runs = await ports.run_views.of_partner(partner, after=_RUNS.after(cursor), most=limit + 1)
    page, following = _RUNS.split(runs, limit, lambda run: (run.created_at, run.run_id))
    return RunPage(items=await show_runs(ports, page), next_cursor=following)


@router.get("/runs/{run_id}", summary="Show a run")
async def show(partner: Partner, run_id: RunPath, ports: PortsHere) -> Run:
    """Where a run stands, what it has done, and what that means in money."""
    return await show_run(ports, await find_run(ports, partner, run_id))


@router.post("/runs/{run_id}/cancel", status_code=202, summary="Cancel a run")
async def cancel(partner: Partner, run_id: RunPath, by: ActorHere, ports: PortsHere) -> RunStarted:
    """What is not yet sent is not sent; what is under way is finished. For a run that has ended nothing happens."""
    number = run_uuid(run_id)
    with no_run_as_problem():
        await ports.runs.cancel(partner, number, by=by)
    return RunStarted(run_id=number)


@router.get(
    "/runs/{run_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    summary="Watch a run",
)
async def events(partner: Partner, run_id: RunPath, principal: PrincipalHere, ports: PortsHere) -> StreamingResponse:
    """Server-sent events: `counters` at once and on each change, `finished` once at the end, then the stream ends.

    In between, `progress` says that only what is ahead of the run has changed, every two seconds at most. All carry
    `{"run_id", "state", "counters", "eta_s", "requests_left", "waiting_until"}`. A run that has ended answers with
    `finished` alone. A comment is sent now and then, so that silent connections are not taken for dead.
    """
    number: UUID = (await find_run(ports, partner, run_id)).run_id
    return StreamingResponse(
        run_events(ports, partner, number, principal.key_id),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},  # proxies that know it do not hold events back
    )


@router.get(
    "/runs/{run_id}/items",
    response_model=ItemPage,
    responses={**CSV_TOO, **responses(410)},
    summary="List a run's items",
)
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

    With `Accept: text/csv` every item that fits the filters as a file; `cursor` and `limit` are not used then. 410
    `no_longer_kept`: the run is so old that its items are no longer kept.
    """
    after = _ITEMS.after(cursor)
    run = await find_run(ports, partner, run_id)
    if await ports.run_views.is_purged(run.run_id):
        raise purged("items")
    wanted = ItemFilter(outcome, action, q)

    if wants_csv(request):
        return items_csv(ports, run, wanted)
    items = await ports.item_views.page(run.run_id, wanted, after=after, most=limit + 1)
    page, following = _ITEMS.split(items, limit, item_seq)
    return ItemPage(items=[Item.model_validate(item) for item in page], next_cursor=following)
