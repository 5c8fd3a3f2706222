"""Runs as they are shown: rows of the store, joined with their money and what is ahead of them."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from halosync.contracts.settings import RateLimit
from halosync.domain.states import RunState

from report_api.ports import Ports
from report_api.runs.eta import Effort, eta_s, requests_left, waits_s
from report_api.runs.models import Ahead, Money, Run
from report_api.runs.starting import NO_RUN
from report_api.web.problems import not_found


def run_uuid(run_id: str) -> UUID:
    """Return the id of a run in an address.

    Raises:
        Problem: 404, it is no UUID.
    """
    try:
        return UUID(run_id)
    except ValueError:
        raise not_found(NO_RUN) from None


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


async def ahead_of(ports: Ports, run_id: UUID, state: RunState) -> Ahead:
    """Return what is ahead of a run that is in `state`."""
    row = None if state.is_final else await ports.reports.effort(run_id)
    if row is None:
        return Ahead()
    effort = _effort(row, ports.rate_limit)
    waits = waits_s(effort)
    return Ahead(
        eta_s=eta_s(effort) if state is RunState.WRITING else None,
        requests_left=requests_left(effort),
        # Whole seconds: a guess of the clock's fractions would look like a change each time.
        waiting_until=None if waits is None else (datetime.now(UTC) + timedelta(seconds=waits)).replace(microsecond=0),
    )


def _effort(row: Mapping[str, Any], default: RateLimit) -> Effort:
    # A limit that was lowered counts at once for what is shown; the limiter learns it with the next request.
    limit = row["rate_requests"] or default.requests
    return Effort(
        remaining=row["remaining"],
        done=row["done"],
        elapsed_s=row["elapsed_s"] or 0.0,
        in_use=row["in_use"] or 0,
        allowed=max(limit if row["allowed"] is None else min(row["allowed"], limit), 1),
        window_s=row["window_s"] or row["rate_window_s"] or default.window_s,
        wait_s=row["wait_s"],
    )
