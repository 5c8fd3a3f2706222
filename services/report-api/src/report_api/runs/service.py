"""Runs: started, found, and shown with their money, what is ahead of them, and their items as a file."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi.responses import StreamingResponse
from halosync.domain.run_sentences import WHY_NO_RUN, NoRun
from halosync.domain.states import RunState
from halosync.store.reports import ItemFilter
from halosync.store.run_retries import NothingLeftError
from halosync.store.runs import RunInProgressError, RunNotStartedError

from report_api.ports import Ports
from report_api.runs.models import Item, LicenceShape, Money, Run
from report_api.runs.progress import ahead_of
from report_api.web.csv_export import CHUNK, csv_response
from report_api.web.paging import chunks
from report_api.web.problems import Problem, not_found

NO_RUN = WHY_NO_RUN[NoRun.RUN_NOT_FOUND]

_PROBLEMS: Mapping[NoRun, tuple[int, str]] = {
    NoRun.RUN_NOT_FOUND: (404, "not_found"),
    NoRun.INVOICE_NOT_FOUND: (404, "not_found"),
    NoRun.INVOICE_EMPTY: (422, "invoice_empty"),
    NoRun.NOT_CONNECTED: (409, "not_connected"),
    NoRun.RUN_IN_PROGRESS: (409, "run_in_progress"),
    NoRun.RUN_OUTDATED: (409, "run_outdated"),
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
