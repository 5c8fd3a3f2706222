"""Runs: started, found, and shown with their money, what is ahead of them, and their items as a file."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi.responses import StreamingResponse
from halosync.domain.states import RunState
from halosync.store.reports import ItemFilter
from halosync.store.retrying import NothingLeft, NothingLeftError, OutdatedRunError
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


async def find_run(ports: Ports, partner: str, run_id: str) -> Mapping[str, Any]:
    """Return the row of a run.

    Raises:
        Problem: 404, the partner has no such run.
    """
    row = await ports.reports.run(partner, run_uuid(run_id))
    if row is None:
        raise not_found(NO_RUN)
    return row


async def find_run_overview(ports: Ports, partner_id: str, run_id: str) -> Mapping[str, Any]:
    """Return the row of a run with its invoice and what was asked of it.

    Raises:
        Problem: 404, the partner has no such run.
    """
    row = await ports.history.run(partner_id, run_uuid(run_id))
    if row is None:
        raise not_found(NO_RUN)
    return row


async def show_runs(ports: Ports, rows: Sequence[Mapping[str, Any]]) -> list[Run]:
    """Return the runs of these rows of `ReportStore.runs`."""
    money = await _money(ports, {row["run_id"]: row["currency"] for row in rows})
    ahead = await asyncio.gather(*(ahead_of(ports, row["run_id"], RunState(row["state"])) for row in rows))
    return [Run.from_row(row, money[row["run_id"]], its) for row, its in zip(rows, ahead, strict=True)]


async def show_run(ports: Ports, row: Mapping[str, Any]) -> Run:
    """Return the run of this row of `ReportStore.runs`."""
    (run,) = await show_runs(ports, [row])
    return run


def seconds_of(run: Run) -> float | None:
    """Return how long a run took, or has taken so far; None before it has begun."""
    if run.started_at is None:
        return None
    return ((run.finished_at or datetime.now(UTC)) - run.started_at).total_seconds()


async def _money(ports: Ports, currencies: Mapping[UUID, str]) -> Mapping[UUID, list[Money]]:
    money: dict[UUID, list[Money]] = defaultdict(list)
    if currencies:
        for row in await ports.reports.money(currencies):
            money[row["run_id"]].append(
                Money(
                    billing_cycle=row["billing_cycle"],
                    currency=currencies[row["run_id"]],
                    before=row["before"],
                    after=row["after"],
                    change=row["after"] - row["before"],
                )
            )
    return money


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
