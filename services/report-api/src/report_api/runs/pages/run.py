"""One run: how it stands, what it did to the money, and every item with the licence before and after."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Request, Response
from halosync.domain.model import Action, Outcome
from halosync.ports.item_views import ItemFilter

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.ports import PortsHere
from report_api.runs import sentences
from report_api.runs.item_groups import ItemRowsHere, by_customer, item_order_of
from report_api.runs.models import Item
from report_api.runs.service import find_run, items_csv, items_page, seconds_of, show_run
from report_api.runs.sync_panel import sync_panel
from report_api.runs.views import shown_item
from report_api.web.addresses import partner_url
from report_api.web.csv_export import for_reader
from report_api.web.fields import Search
from report_api.web.rendering import Values, page

router = partner_pages()

SHOWN_OUTCOMES = (Outcome.FAILED, Outcome.HELD, Outcome.SKIPPED, Outcome.SYNCED, Outcome.PENDING)
"""What needs somebody comes first."""

OutcomeFilter = Annotated[Outcome | Literal[""], Query(alias="outcome", description="Only items with this outcome.")]
ActionFilter = Annotated[Action | Literal[""], Query(alias="action", description="Only items with this action.")]


async def _wanted(outcome: OutcomeFilter = "", action: ActionFilter = "", q: Search = None) -> ItemFilter:
    return ItemFilter(outcome or None, action or None, q or None)


Wanted = Annotated[ItemFilter, Depends(_wanted)]
"""Which items the page, and the file, is to have."""


@router.get("/runs/{run_id}")
async def show(
    *, request: Request, visitor: VisitorHere, ports: PortsHere, run_id: str, wanted: Wanted, asked: ItemRowsHere
) -> Response:
    """Show a run of the partner, and a page of the items that fit the filters."""
    sync = await sync_panel(ports, visitor, "run")
    view = await find_run(ports, visitor.partner_id, run_id)
    run = await show_run(ports, view)
    counts = await ports.item_views.counts(run.run_id, wanted.q)
    listing = asked.listing(
        partner_url(visitor.partner_id, "runs", str(run.run_id)),
        {"outcome": wanted.outcome, "action": wanted.action, "q": wanted.q},
        counts.of(wanted.outcome, wanted.action),
    )
    items = await items_page(ports, run.run_id, wanted, item_order_of(asked.sort), listing)
    shown = [shown_item(Item.model_validate(item), run) for item in items]
    values: Values = {
        "run": run,
        "sync": sync,
        "view": view,
        "undone_by": await ports.run_views.undone_by(run.run_id),
        "seconds": seconds_of(run),
        "items": shown,
        "groups": by_customer(shown),
        "sort": asked.sort,
        "counts": counts,
        "is_purged": await ports.run_views.is_purged(run.run_id),
        "listing": listing,
        "sentences": sentences,
        "outcomes": SHOWN_OUTCOMES,
        "actions": tuple(Action),
    }
    return page(request, "runs/run.html", tab="history", **values)


@router.get("/runs/{run_id}/items.csv")
async def download(*, visitor: VisitorHere, ports: PortsHere, run_id: str, wanted: Wanted) -> Response:
    """Send every item that fits the filters as a CSV file."""
    view = await find_run(ports, visitor.partner_id, run_id)
    return items_csv(ports, view, wanted, f"run-{view.run_id}.csv", for_reader())
