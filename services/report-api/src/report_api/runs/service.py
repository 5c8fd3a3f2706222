"""Runs: started, found, and shown with their money, what is ahead of them, and their items as a file."""

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from fastapi.responses import StreamingResponse
from halosync.domain.model import LicenceState
from halosync.domain.run_sentences import WHY_NO_RUN, NoRun
from halosync.ports.item_views import ItemFilter, ItemOrder, ItemView
from halosync.ports.run_start import NothingLeftError, RunInProgressError, RunNotStartedError, SeveralInvoicesError
from halosync.ports.run_views import Cost, RunView

from report_api.ports import Ports
from report_api.runs.models import CycleCost, Item, LicenceShape, Run
from report_api.runs.progress import ahead_of
from report_api.web.csv_export import CHUNK, FOR_PROGRAMS, Signs, csv_response
from report_api.web.paging import NumberedPage, chunks
from report_api.web.problems import Problem, not_found

NO_RUN = WHY_NO_RUN[NoRun.RUN_NOT_FOUND]

_PROBLEMS: Mapping[NoRun, tuple[int, str]] = {
    NoRun.RUN_NOT_FOUND: (404, "not_found"),
    NoRun.INVOICE_NOT_FOUND: (404, "not_found"),
    NoRun.INVOICE_EMPTY: (422, "invoice_empty"),
    NoRun.OLDER_PERIOD: (409, "older_period"),
    NoRun.SEVERAL_INVOICES: (409, "several_invoices"),
    NoRun.SEVERAL_CURRENCIES: (409, "several_currencies"),
    NoRun.NOT_CONNECTED: (409, "not_connected"),
    NoRun.PARTNER_PAUSED: (409, "partner_paused"),
    NoRun.RUN_IN_PROGRESS: (409, "run_in_progress"),
    NoRun.RUN_OUTDATED: (409, "run_outdated"),
    NoRun.PURGED: (409, "purged"),
    NoRun.NOTHING_TO_UNDO: (409, "nothing_to_undo"),
    NoRun.OTHER_TENANT: (409, "other_tenant"),
    NoRun.NOT_HELD: (409, "not_held"),
    **dict.fromkeys((NoRun.SUCCEEDED, NoRun.PREVIEW, NoRun.HELD, NoRun.DONE_SINCE), (409, "nothing_left")),
}
"""HTTP status and code of each reason why no run is started."""


@contextmanager
def no_run_as_problem() -> Iterator[None]:
    """Turn the reason why no run is started, or none is found, into a problem.

    Raises:
        Problem: 404, 409 or 422 with the reason.
    """
    try:
        yield
    except RunNotStartedError as error:
        members: dict[str, Any] = {}
        if isinstance(error, RunInProgressError):
            members = {"run_id": str(error.run_id)}
        if isinstance(error, SeveralInvoicesError):
            members = {"period": error.period, "invoice_ids": list(error.invoice_ids)}
        if isinstance(error, NothingLeftError):
            members = {"why": error.why, "held": error.held}
        status, code = _PROBLEMS[error.why]
        raise Problem(status, code, WHY_NO_RUN[error.why], **members) from None


def run_uuid(run_id: str) -> UUID:
    """Return the id of a run in an address.

    Raises:
        Problem: 404, it is no UUID.
    """
    try:
        return UUID(run_id)
    except ValueError:
        raise not_found(NO_RUN) from None


async def find_run(ports: Ports, partner_id: str, run_id: str) -> RunView:
    """Return a run of a partner.

    Raises:
        Problem: 404, the partner has no such run.
    """
    view = await ports.run_views.get(run_uuid(run_id), partner_id)
    if view is None:
        raise not_found(NO_RUN)
    return view


async def show_runs(ports: Ports, views: Sequence[RunView]) -> list[Run]:
    """Return runs as they are shown, with their money and what is ahead of them."""
    costs = await ports.run_views.costs(view.run_id for view in views) if views else {}
    ahead = await asyncio.gather(*(ahead_of(ports, view.run_id, view.state) for view in views))
    return [
        Run.of(view, [_money(cost, view) for cost in costs.get(view.run_id, ())], its)
        for view, its in zip(views, ahead, strict=True)
    ]


async def show_run_alone(ports: Ports, view: RunView) -> Run:
    """Return a run without its money, for who shows nothing of that."""
    return Run.of(view, [], await ahead_of(ports, view.run_id, view.state))


async def show_run(ports: Ports, view: RunView) -> Run:
    """Return a run as it is shown."""
    (run,) = await show_runs(ports, [view])
    return run


def seconds_of(run: Run) -> float | None:
    """Return how long a run took, or has taken so far; None before it has begun."""
    if run.started_at is None:
        return None
    return ((run.finished_at or datetime.now(UTC)) - run.started_at).total_seconds()


def _money(cost: Cost, view: RunView) -> CycleCost:
    return CycleCost(
        billing_cycle=cost.billing_cycle,
        currency=view.currency,
        before_currency=view.before_currency,
        before=cost.before,
        after=cost.after,
        change=cost.change if view.before_currency == view.currency else None,
    )


async def items_page(
    ports: Ports, run_id: UUID, wanted: ItemFilter, order: ItemOrder | None, listing: NumberedPage
) -> Sequence[ItemView]:
    """Return the items of a page of a list, in the plan's order or another."""
    if order is None:
        return await ports.item_views.page(run_id, wanted, skip=listing.skip, most=listing.size)
    return await ports.item_views.sorted_page(run_id, wanted, order, skip=listing.skip, most=listing.size)


_LAST = ("attempts", "item_key", "drift", "restores_licence_id", "undone")
_PLAIN = tuple(name for name in Item.model_fields if name not in {"before", "after", *_LAST})
_LICENCE = tuple(LicenceShape.model_fields)
LICENCE_COLUMNS = (*(f"before_{name}" for name in _LICENCE), *(f"after_{name}" for name in _LICENCE))
"""The columns of a file that show a licence before and after; their cells are `licence_cells`."""

_COLUMNS = (*_PLAIN, *LICENCE_COLUMNS, *_LAST)

_plain, _licence = attrgetter(*_PLAIN), attrgetter(*_LICENCE)
_NO_LICENCE = (None,) * len(_LICENCE)


def items_csv(
    ports: Ports, run: RunView, wanted: ItemFilter, filename: str = "items.csv", signs: Signs = FOR_PROGRAMS
) -> StreamingResponse:
    """Return every item of a run that fits the filters, in the plan's order; each row says which invoice it is of."""
    of = (run.invoice_id, run.revision, run.currency)

    def fetch(key: int | None, most: int) -> Awaitable[Sequence[ItemView]]:
        return ports.item_views.page(run.run_id, wanted, after=key, most=most)

    columns = (*_COLUMNS, "invoice_id", "revision", "currency")
    every = chunks(fetch, item_seq, CHUNK)
    return csv_response(columns, every, filename, cells=lambda item: (*_cells(item), *of), signs=signs)


def licence_cells(before: LicenceState | None, after: LicenceState | None) -> Iterable[object]:
    """Return what stands in `LICENCE_COLUMNS`."""
    return (
        *(_NO_LICENCE if before is None else _licence(before)),
        *(_NO_LICENCE if after is None else _licence(after)),
    )


def _cells(item: ItemView) -> Iterable[object]:
    changed = licence_cells(item.before, item.after)
    return (*_plain(item), *changed, item.attempts, item.item_key, _edits(item), item.restores_licence_id, item.undone)


def _edits(item: ItemView) -> str:
    """Return what somebody has edited in Halo, in one cell: `quantity: 12 -> 99`."""
    return "; ".join(f"{each.field}: {each.we_wrote} -> {each.halo_has}" for each in item.drift)


def item_seq(item: ItemView) -> int:
    """Return what items are sorted by."""
    return item.seq
