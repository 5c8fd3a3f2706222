"""The items of a run as people and programs look at them (reads only)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from halosync.domain.model import Action, Drift, LicenceState, Outcome, Undone
from halosync.domain.plan import ItemHead
from halosync.ports.item_views import ItemCounts, ItemFilter, ItemOrder, ItemView
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES
from halosync.store.search import pattern

_LICENCE_COLUMNS = {
    side: (f"{side}_quantity", f"{side}_price", f"{side}_billing_cycle", f"{side}_active")
    for side in ("before", "after")
}

_HEAD = tuple(ItemHead.__dataclass_fields__)

MOST_ROWS = 2**31 - 1
"""No invoice and no plan has more rows: the largest number of one."""


class ItemViews:
    """Reads the items of a run, in the plan's order."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, run_id: UUID, wanted: ItemFilter, *, after: int | None = None, skip: int = 0, most: int
    ) -> Sequence[ItemView]:
        """Return at most `most` items that fit, those behind the `seq` `after`, or behind `skip` others that fit."""
        seq = -1 if after is None else after
        arguments: dict[str, object] = {
            "run_id": run_id,
            "seq": seq,
            "outcome": wanted.outcome,
            "action": wanted.action,
            "pattern": pattern(wanted.q),
            "skip": skip,
            "most": most,
        }
        if wanted == ItemFilter():  # every item fits, and items are numbered without gaps
            rows = QUERIES.item_views(self._pool, upto=min(seq + skip + most, MOST_ROWS), **arguments)
            found = [item_view(row) async for row in rows]
            if len(found) == most:
                return found
        rows = QUERIES.item_views(self._pool, upto=MOST_ROWS, **arguments)
        return [item_view(row) async for row in rows]

    async def sorted_page(
        self, run_id: UUID, wanted: ItemFilter, order: ItemOrder, *, skip: int, most: int
    ) -> Sequence[ItemView]:
        """Return at most `most` items that fit, behind `skip` others, in another order than the plan's."""
        rows = QUERIES.sorted_items(
            self._pool,
            run_id=run_id,
            outcome=wanted.outcome,
            action=wanted.action,
            pattern=pattern(wanted.q),
            actions=None,
            outcomes=None,
            waits=None,
            customer=None,
            sort=order.sort,
            down=order.descending,
            grouped=order.grouped,
            skip=skip,
            most=most,
        )
        return [item_view(row) async for row in rows]

    async def counts(self, run_id: UUID, q: str | None) -> ItemCounts:
        """Return how many items have each outcome and action, of those with `q` in a name, code or reason."""
        rows = QUERIES.item_counts(self._pool, run_id=run_id, pattern=pattern(q))
        return ItemCounts({(Outcome(row["outcome"]), Action(row["action"])): row["items"] async for row in rows})

    async def unfinished(self, run_id: UUID) -> Mapping[Outcome, Mapping[str | None, int]]:
        """Return why items of a run failed, why others are held, and how many, the most frequent reason first."""
        reasons: dict[Outcome, dict[str | None, int]] = {Outcome.FAILED: {}, Outcome.HELD: {}}
        async for row in QUERIES.unfinished_reasons(self._pool, run_id=run_id):
            reasons[Outcome(row["outcome"])][row["reason"]] = row["items"]
        return reasons


def item_head(row: asyncpg.Record) -> dict[str, Any]:
    """Return the fields of an `ItemHead`."""
    codes = {"action": Action(row["action"]), "outcome": Outcome(row["outcome"])}
    return {**{name: row[name] for name in _HEAD}, "customer_ids": tuple(row["customer_ids"]), **codes}


def item_view(row: asyncpg.Record) -> ItemView:
    """Return the item of a row of the view `item_view`."""
    return ItemView(
        **item_head(row),
        item_id=row["item_id"],
        seq=row["seq"],
        reason=row["reason"],
        detail=row["detail"],
        before=licence_state(row, "before"),
        after=licence_state(row, "after"),
        attempts=row["attempts"],
        item_key=row["item_key"],
        drift=drift_of_row(row),
        restores_licence_id=row["restores_licence_id"],
        undone=None if row["undone"] is None else Undone(row["undone"]),
    )


def drift_of_row(row: asyncpg.Record) -> Sequence[Drift]:
    """Return what somebody has edited in Halo from an item's row."""
    return tuple(Drift(**each) for each in row["drift"] or ())


def licence_state(row: asyncpg.Record, side: str) -> LicenceState | None:
    """Return the licence before or after an action from its four columns; None: there is none then."""
    quantity, price, billing_cycle, active = _LICENCE_COLUMNS[side]
    if row[active] is None:
        return None
    return LicenceState(row[quantity], row[price], row[billing_cycle], row[active])
