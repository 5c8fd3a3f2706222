"""Preview before Sync: what would change, per customer and in money, removals first; and the approval of held ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from halosync.domain.preview_kinds import PreviewKind
from halosync.domain.removal_sentences import REMOVAL_EFFECTS
from halosync.domain.roles import Role
from halosync.domain.states import RunState
from halosync.ports.previews import CustomerSort, PreviewFilter
from halosync.ports.run_views import RunView
from halosync.ports.sort_order import SortOrder
from pydantic import AfterValidator

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.ports import Ports, PortsHere
from report_api.runs import sentences
from report_api.runs.item_groups import Sort, by_customer, item_order_of
from report_api.runs.models import Item, Run
from report_api.runs.review import ReviewSortsHere, shown_review
from report_api.runs.service import find_run, show_run
from report_api.runs.sync_panel import sync_panel
from report_api.runs.views import money_rows, shown_item
from report_api.web.addresses import partner_url, see_other
from report_api.web.fields import QueryText
from report_api.web.paging import NumberedPage, PageNumber
from report_api.web.rendering import Values, keep_notices, page
from report_api.web.sorting import known_sort, order_of
from report_api.web.visitor import Visitor

router = partner_pages(changes=Role.BILLER)

CUSTOMERS_A_PAGE = 25
ITEMS_A_PAGE = 50

REMOVALS_A_PAGE = 150
"""Removals are shown in full up to here; more are paged: a page has two tables of them, and stays below 100 kB."""

LISTED = (
    PreviewKind.CREATED,
    PreviewKind.UPDATED,
    PreviewKind.EDITED,
    PreviewKind.UNCHANGED,
    PreviewKind.SKIPPED,
    PreviewKind.FAILED,
)
"""What has a list of its own, page by page; removals are above it in full."""

Show = Annotated[
    Literal["customers", "created", "updated", "edited", "unchanged", "skipped", "failed", ""],
    Query(description="Which list: by customer, or the items of one kind."),
]
RemovedPage = Annotated[int, Query(ge=1, le=1_000_000, description="Which page of the removals.")]
HeldPage = Annotated[int, Query(ge=1, le=1_000_000, description="Which page of the held removals.")]
CustomersSort = Annotated[
    str,
    Query(description="By what the customers are sorted, a minus in front: from behind."),
    AfterValidator(partial(known_sort, list(CustomerSort))),
]
Customer = Annotated[QueryText, Query(max_length=300, description="Only items of this customer.")]


@router.get("/runs/{run_id}/preview")
async def preview(
    *,
    request: Request,
    visitor: VisitorHere,
    ports: PortsHere,
    run_id: str,
    show: Show = "",
    customer: Customer = "",
    sort: Sort = "",
    number: PageNumber = 1,
    removed: RemovedPage = 1,
    held: HeldPage = 1,
    removed_sort: Sort = "",
    held_sort: Sort = "",
    customers_sort: CustomersSort = "",
    review_sorts: ReviewSortsHere,
) -> Response:
    """Show what a preview found; while it is being made, how far it is."""
    view, run, values = await _values(ports, visitor, run_id)
    if view.mode.writes:
        return see_other(visitor.partner_id, "runs", str(run.run_id))
    if run.state is RunState.PREVIEWED:
        path = partner_url(visitor.partner_id, "runs", str(run.run_id), "preview")
        values["change"] = await ports.runs.changed_since(visitor.partner_id, run.run_id)
        if run.undoes is not None:
            values["closing"] = await ports.months.closing(visitor.partner_id, view.period)
        asked = {PreviewKind.REMOVED: (removed, removed_sort), PreviewKind.HELD: (held, held_sort)}
        values |= await _removals(ports, run, path, asked)
        values["removal_effects"] = REMOVAL_EFFECTS
        values["review"] = await shown_review(ports, run, view.removal, path, review_sorts)
        values |= await _lists(
            ports, run, ListChoice(path, show, customer, number, sort=sort, customers_sort=customers_sort)
        )
    shown = page(request, "runs/preview.html", tab="month", **values)
    if not run.state.is_final:  # it loads itself again at the end, perhaps before anybody has read a notice
        keep_notices(request)
    return shown


@router.get("/runs/{run_id}/removals")
async def removals(
    *,
    request: Request,
    visitor: VisitorHere,
    ports: PortsHere,
    run_id: str,
    held: HeldPage = 1,
    held_sort: Sort = "",
) -> Response:
    """Show the removals that a Sync holds, all of them, and let a person approve their number."""
    view, run, values = await _values(ports, visitor, run_id)
    if not view.mode.writes:
        return see_other(visitor.partner_id, "runs", str(run.run_id), "preview")
    values["change"] = await ports.runs.changed_since(visitor.partner_id, run.run_id)
    path = partner_url(visitor.partner_id, "runs", str(run.run_id), "removals")
    values |= await _removals(ports, run, path, {PreviewKind.HELD: (held, held_sort)})
    return page(request, "runs/removals.html", tab="month", **values)


class ListChoice:
    """Which list is shown below the removals: customers, the items of a kind, or all items of one customer."""

    def __init__(
        self, path: str, show: str, customer: str, number: int, *, sort: str = "", customers_sort: str = ""
    ) -> None:
        self.customer = customer or None
        self.kind = PreviewKind(show) if show not in {"", "customers"} else None
        self.sort, self.customers_sort = sort, customers_sort
        self._path, self._number = path, number

    @property
    def kinds(self) -> Sequence[PreviewKind]:
        """The kinds of the items that are listed; none: customers are."""
        if self.kind is not None:
            return (self.kind,)
        return () if self.customer is None else tuple(PreviewKind)

    def listing(self, size: int, of: int) -> NumberedPage:
        """Return the page of the list."""
        filters = {"show": self.kind, "customer": self.customer, "sort": self.sort}
        return NumberedPage(self._path, filters | {"customers_sort": self.customers_sort}, self._number, size, of)

    @property
    def order(self) -> SortOrder[CustomerSort] | None:
        """Return the order of the customers; None: the usual one, those first that lose licences."""
        return order_of(CustomerSort, self.customers_sort)


async def _values(ports: Ports, visitor: Visitor, run_id: str) -> tuple[RunView, Run, Values]:
    """Return a run, and what both pages show of it."""
    sync = await sync_panel(ports, visitor, "month")
    view = await find_run(ports, visitor.partner_id, run_id)
    run = await show_run(ports, view)
    return view, run, {"run": run, "view": view, "sync": sync, "sentences": sentences, "PreviewKind": PreviewKind}


@dataclass(frozen=True, slots=True)
class RemovalsPage:
    """A page of the removals of a kind, in an order."""

    kind: PreviewKind
    listing: NumberedPage
    sort: str

    def address(self, page: int = 1, *, sort: str | None = None) -> str:
        """Return the address of a page of these removals, or of another order of them."""
        return self.listing.url(page, **{f"{self.kind}_sort": self.sort if sort is None else sort})


async def _removals(ports: Ports, run: Run, path: str, asked: Mapping[PreviewKind, tuple[int, str]]) -> Values:
    counts = await ports.previews.counts(run.run_id)
    sorts = {f"{kind}_sort": sort for kind, (_, sort) in asked.items()}
    listings = {
        kind: RemovalsPage(
            kind, NumberedPage(path, sorts, number, REMOVALS_A_PAGE, counts[kind], parameter=kind.value), sort
        )
        for kind, (number, sort) in asked.items()
        if counts[kind]
    }
    shown_rows = {
        kind: [
            shown_item(Item.model_validate(item), run)
            for item in await ports.previews.items(
                run.run_id,
                PreviewFilter((kind,), order=item_order_of(shown.sort, grouped=False)),
                skip=shown.listing.skip,
                most=shown.listing.size,
            )
        ]
        for kind, shown in listings.items()
    }
    return {
        "counts": counts,
        "removals": shown_rows,
        "removal_pages": listings,
        "removals_file": partner_url(run.partner_id, "runs", str(run.run_id), "items.csv") + "?action=delete&outcome=",
        "costs": money_rows(run.money, await ports.previews.costs(run.run_id)),
    }


def _customers_address(listing: NumberedPage, sort: str) -> str:
    return listing.url(customers_sort=sort)


async def _lists(ports: Ports, run: Run, listed: ListChoice) -> Values:
    if not listed.kinds:
        # The number of customers comes with a page of them, so a page behind the end is asked for again.
        asked = listed.listing(CUSTOMERS_A_PAGE, 10**9)
        customers, of = await ports.previews.customers(run.run_id, listed.order, skip=asked.skip, most=asked.size)
        if not customers and asked.skip:
            customers, of = await ports.previews.customers(run.run_id, listed.order, skip=0, most=asked.size)
            listed = ListChoice(asked.path, "", "", 1, customers_sort=listed.customers_sort)
        listing = listed.listing(CUSTOMERS_A_PAGE, of)
        return {
            "customers": customers,
            "customers_sort": listed.customers_sort,
            "customers_address": partial(_customers_address, listing),
            "items": (),
            "listing": listing,
            "kinds": LISTED,
        }
    counts = await ports.previews.counts(run.run_id, listed.customer)
    listing = listed.listing(ITEMS_A_PAGE, sum(counts[kind] for kind in listed.kinds))
    chosen = PreviewFilter(listed.kinds, listed.customer, item_order_of(listed.sort))
    items = await ports.previews.items(run.run_id, chosen, skip=listing.skip, most=listing.size)
    shown = [shown_item(Item.model_validate(item), run) for item in items]
    return {
        "customers": (),
        "items": shown,
        "groups": by_customer(shown),
        "sort": listed.sort,
        "listing": listing,
        "kinds": LISTED,
    }
