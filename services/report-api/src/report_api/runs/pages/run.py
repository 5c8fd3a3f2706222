"""One run: how it stands, what it did to the money, and every item with the licence before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from halosync.domain.model import Action, Outcome
from halosync.domain.states import RunState
from halosync.store.reports import ItemFilter, Row

from report_api.access.partner_pages import partner_pages
from report_api.access.session import VisitorHere
from report_api.ports import Ports, PortsHere
from report_api.runs import sentences as meanings
from report_api.runs.changes import Change, changes
from report_api.runs.export import items_csv
from report_api.runs.models import Item, Run
from report_api.runs.sentences import Meaning, RemedyLink
from report_api.runs.service import run_uuid, seconds_of, show_run
from report_api.runs.starting import NO_RUN
from report_api.runs.sync_panel import sync_panel
from report_api.web.addresses import partner_url
from report_api.web.listing import Listing, PageNumber
from report_api.web.problems import not_found
from report_api.web.rendering import page
from report_api.web.texts import Search
from report_api.web.visitor import Visitor

router = partner_pages()

ITEMS_A_PAGE = 50
SHOWN_OUTCOMES = (Outcome.FAILED, Outcome.HELD, Outcome.SKIPPED, Outcome.SYNCED, Outcome.PENDING)
"""What needs somebody comes first."""

OutcomeFilter = Annotated[Outcome | Literal[""], Query(alias="outcome", description="Only items with this outcome.")]
ActionFilter = Annotated[Action | Literal[""], Query(alias="action", description="Only items with this action.")]


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An item as the table shows it. `reason` and `remedy` are None where there is nothing to say or to do."""

    item: Item
    outcome: Meaning
    reason: str | None
    remedy: RemedyLink | None
    changes: Sequence[Change]


@router.get("/runs/{run_id}")
async def show(
    *,
    request: Request,
    visitor: VisitorHere,
    ports: PortsHere,
    run_id: str,
    outcome: OutcomeFilter = "",
    action: ActionFilter = "",
    q: Search = None,
    number: PageNumber = 1,
) -> Response:
    """Show a run of the partner, and a page of the items that fit the filters."""
    row = await found_run(ports, visitor, run_id)
    run = await show_run(ports, row)
    wanted = ItemFilter(outcome or None, action or None, q or None)
    counts = await ports.history.item_counts(run.run_id, wanted.q)
    listing = Listing(
        partner_url(visitor.partner_id, "runs", str(run.run_id)),
        {"outcome": wanted.outcome, "action": wanted.action, "q": wanted.q},
        number,
        ITEMS_A_PAGE,
        counts.of(wanted.outcome, wanted.action),
    )
    rows = await ports.history.items(run.run_id, wanted=wanted, skip=listing.skip, most=listing.size)
    values: dict[str, Any] = {
        "run": run,
        "sync": await sync_panel(ports, visitor, "run"),
        "row": row,
        "seconds": seconds_of(run),
        "items": [shown(Item.from_row(item), run) for item in rows],
        "counts": counts,
        "listing": listing,
        "meanings": meanings,
        "outcomes": SHOWN_OUTCOMES,
        "actions": tuple(Action),
    }
    return page(request, "runs/run.html", tab="history", **values)


@router.get("/runs/{run_id}/items.csv")
async def download(
    *,
    visitor: VisitorHere,
    ports: PortsHere,
    run_id: str,
    outcome: OutcomeFilter = "",
    action: ActionFilter = "",
    q: Search = None,
) -> Response:
    """Send every item that fits the filters as a CSV file."""
    row = await found_run(ports, visitor, run_id)
    wanted = ItemFilter(outcome or None, action or None, q or None)
    return items_csv(ports, row["run_id"], wanted, f"run-{row['run_id']}.csv")


async def found_run(ports: Ports, visitor: Visitor, run_id: str) -> Row:
    """Return the row of a run with its invoice, as the pages of runs show it.

    Raises:
        Problem: 404, the partner has no such run.
    """
    row = await ports.history.run(visitor.partner_id, run_uuid(run_id))
    if row is None:
        raise not_found(NO_RUN)
    return row


def shown(item: Item, run: Run) -> ShownItem:
    """Return an item with its codes in words."""
    return ShownItem(
        item=item,
        outcome=meanings.outcome_meaning(item.outcome, RunState(run.state)),
        reason=meanings.reason_label(item.reason),
        remedy=meanings.REMEDY_LINKS.get(item.reason or ""),
        changes=changes(item.before, item.after),
    )
