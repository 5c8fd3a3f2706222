"""Runs: started, found, and shown with their money, what is ahead of them, and their items as a file."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from fastapi.responses import StreamingResponse
from halosync.store.item_views import ItemFilter, ItemView
from halosync.store.retrying import NothingLeft, NothingLeftError, OutdatedRunError
from halosync.store.run_views import Cost, RunView
from halosync.store.runs import (
    EmptyInvoiceError,
    NoInvoiceError,
    NoRunError,
    NotConnectedError,
    RunInProgressError,
)

from report_api.ports import Ports
from report_api.runs.models import Item, LicenceShape, Money, Run
from report_api.runs.progress import ahead_of
from report_api.web.csv_export import CHUNK, csv_response
from report_api.web.paging import chunks
from report_api.web.problems import NOT_CONNECTED, Problem, not_found

NO_RUN = "There is no such run."

_NOTHING_LEFT: dict[NothingLeft, str] = {
    "succeeded": "The run did everything; nothing is left to retry.",
    "preview": "A preview writes nothing, so there is nothing to retry. Start a run instead.",
    "held": "Only removals are left, and they wait for approval: give their number in approve_removals.",
    "done_since": "A later run has done what this one left.",
}


async def started(run: Awaitable[UUID]) -> UUID:
    """Return the id of the run that `run` starts.

    Raises:
        Problem: it was not started; 404, 409 or 422 with the reason.
    """
    try:
        return await run
    except NoRunError:
        raise not_found(NO_RUN) from None
    except NoInvoiceError:
        raise not_found("There is no such invoice, or none was loaded yet.") from None
    except EmptyInvoiceError:
        detail = "The invoice has no lines, so there is nothing to synchronise. Ask the distributor about it."
        raise Problem(422, "invoice_empty", detail) from None
    except NotConnectedError:
        raise NOT_CONNECTED from None
    except RunInProgressError as error:
        detail = "A run is still going on. Wait for its end, or cancel it."
        raise Problem(409, "run_in_progress", detail, run_id=str(error.run_id)) from None
    except NothingLeftError as error:
        detail = _NOTHING_LEFT[error.why]
        raise Problem(409, "nothing_left", detail, why=error.why, held=error.held) from None
    except OutdatedRunError:
        detail = "A newer invoice, or a newer revision, has come since. Start a run for the newest one instead."
        raise Problem(409, "run_outdated", detail) from None


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
        Run.of(view, [_money(cost, view.currency) for cost in costs.get(view.run_id, ())], its)
        for view, its in zip(views, ahead, strict=True)
    ]


async def show_run(ports: Ports, view: RunView) -> Run:
    """Return a run as it is shown."""
    (run,) = await show_runs(ports, [view])
    return run


def seconds_of(run: Run) -> float | None:
    """Return how long a run took, or has taken so far; None before it has begun."""
    if run.started_at is None:
        return None
    return ((run.finished_at or datetime.now(UTC)) - run.started_at).total_seconds()


def _money(cost: Cost, currency: str) -> Money:
    return Money(
        billing_cycle=cost.billing_cycle,
        currency=currency,
        before=cost.before,
        after=cost.after,
        change=cost.change,
    )


_STATES = ("before", "after")
_COLUMNS = tuple(
    column
    for name in Item.model_fields
    for column in ([f"{name}_{part}" for part in LicenceShape.model_fields] if name in _STATES else [name])
)


def items_csv(ports: Ports, run_id: UUID, wanted: ItemFilter, filename: str = "items.csv") -> StreamingResponse:
    """Return every item of a run that fits the filters, in the plan's order."""

    def fetch(key: int | None, most: int) -> Awaitable[Sequence[ItemView]]:
        return ports.item_views.page(run_id, wanted, after=key, most=most)

    return csv_response(_COLUMNS, chunks(fetch, item_key, CHUNK), filename, cells=_cells)


def _cells(item: ItemView) -> Iterator[object]:
    for name in Item.model_fields:
        value = getattr(item, name)
        if name in _STATES:
            yield from (None if value is None else getattr(value, part) for part in LicenceShape.model_fields)
        else:
            yield value


def item_key(item: ItemView) -> int:
    """Return what items are sorted by."""
    return item.seq
