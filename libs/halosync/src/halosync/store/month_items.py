"""Rows of the month's queries as the domain has them."""

import asyncpg

from halosync.domain.model import Outcome
from halosync.ports.months import MonthItem


def month_item(row: asyncpg.Record) -> MonthItem:
    """Return a row of the query `month_items`."""
    return MonthItem(**{**row, "outcome": known_outcome(row["outcome"])})


def known_outcome(outcome: str | None) -> Outcome | None:
    """Return an outcome as the domain has it; None: no run has one for it."""
    return None if outcome is None else Outcome(outcome)
