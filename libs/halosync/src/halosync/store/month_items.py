"""The rows behind the sums of a month (spec section 11)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import asyncpg

from halosync.domain.model import Outcome
from halosync.ports.months import MonthItem
from halosync.store.month_memory import MonthMemory
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES

MOST_KEPT = 5_000
"""A reason of more things is summed each time that its rows are asked for."""


@dataclass(frozen=True, slots=True)
class RowsWanted:
    """Which rows of a month; `after`: the customer, key and billing cycle behind which the page begins."""

    partner_id: str
    period: str
    reason: str | None = None
    customer_id: str | None = None
    only_different: bool = False
    after: tuple[str, str, str] | None = None
    most: int | None = None

    @property
    def of_reason(self) -> str | None:
        """The reason, where the rows of all customers that have it are asked for."""
        return self.reason if self.customer_id is None else None


async def rows_of_reason(
    connection: Connection, memory: MonthMemory, wanted: RowsWanted, reason: str
) -> Sequence[MonthItem]:
    """Return rows of a reason, by customer, key and billing cycle; they are summed once for each version of the month.

    The connection is in a transaction of one snapshot, so what is remembered is of what is asked for.
    """
    kept = await _all_of(connection, memory, wanted, reason)
    places = [number for number, row in enumerate(kept or ()) if _place(row) == wanted.after]
    if kept is None or (wanted.after is not None and not places):
        return await month_rows(connection, wanted)
    return kept[places[-1] + 1 if places else 0 :][: wanted.most]


async def _all_of(
    connection: Connection, memory: MonthMemory, wanted: RowsWanted, reason: str
) -> Sequence[MonthItem] | None:
    """Return all rows of a reason; None: the month is not remembered as it is now, or they are too many."""
    of = (wanted.partner_id, wanted.period)
    version = await QUERIES.month_version(connection, partner_id=wanted.partner_id, period=wanted.period)
    month = None if version is None else memory.known(*of, version)
    if month is None or sum(each.count for each in month.reconciliation.reasons if each.reason == reason) > MOST_KEPT:
        return None
    kept = memory.rows(*of, version, reason)
    if kept is None:
        kept = await month_rows(connection, replace(wanted, only_different=False, after=None, most=None))
        memory.keep_rows(*of, version, reason, kept)
    return kept


async def month_rows(connection: "Connection | Pool", wanted: RowsWanted) -> Sequence[MonthItem]:
    """Return rows as they are summed now."""
    after_customer, after_key, after_cycle = wanted.after or ("", "", "")
    rows = QUERIES.month_items(
        connection,
        partner_id=wanted.partner_id,
        period=wanted.period,
        reason=wanted.reason,
        customer_id=wanted.customer_id,
        only_different=wanted.only_different,
        after_customer=after_customer,
        after_key=after_key,
        after_cycle=after_cycle,
        most=wanted.most,
    )
    return [_month_item(row) async for row in rows]


def _place(row: MonthItem) -> tuple[str, str, str]:
    return row.customer_id, row.item_key, row.cycle_key


def _month_item(row: asyncpg.Record) -> MonthItem:
    return MonthItem(**{**row, "outcome": known_outcome(row["outcome"])})


def known_outcome(outcome: str | None) -> Outcome | None:
    """Return an outcome as the domain has it; None: no run has one for it."""
    return None if outcome is None else Outcome(outcome)
