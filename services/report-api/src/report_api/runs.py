"""Runs as they are shown: rows of the store, joined with their money and the time left."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from halosync.domain.states import RunState

from report_api.eta import Effort, eta_s
from report_api.models.runs import Money, Run
from report_api.ports import Ports
from report_api.problems import not_found
from report_api.starting import NO_RUN


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
    left = await asyncio.gather(*(_left_s(ports, row) for row in rows))
    return [Run.from_row(row, money[row["run_id"]], eta) for row, eta in zip(rows, left, strict=True)]


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


async def _left_s(ports: Ports, row: Mapping[str, Any]) -> int | None:
    if row["state"] != RunState.WRITING:
        return None
    effort = await ports.reports.effort(row["run_id"])
    if effort is None:
        return None
    return eta_s(
        Effort(
            remaining=effort["remaining"],
            done=effort["done"],
            elapsed_s=effort["elapsed_s"] or 0.0,
            used=effort["used"],
            requests=effort["requests"] or ports.rate_limit.requests,
            window_s=effort["window_s"] or ports.rate_limit.window_s,
            blocked_s=effort["blocked_s"] or 0.0,
        )
    )
