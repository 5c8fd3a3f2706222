"""What a plan would change, customer by customer and in money, as the portal shows it before a Sync (reads only)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import asyncpg

from halosync.domain.billing_cycles import cycle_key
from halosync.domain.model import Action, Outcome
from halosync.domain.preview_kinds import WAITS, PreviewKind, kind_of
from halosync.ports.item_views import ItemView
from halosync.ports.previews import CustomerChanges, CustomerSort, PreviewFilter
from halosync.ports.run_views import Cost
from halosync.ports.sort_order import SortOrder
from halosync.store.item_views import item_view
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES


def _kind(row: asyncpg.Record) -> PreviewKind:
    return kind_of(Action(row["action"]), Outcome(row["outcome"]), row["waits"])


class PreviewStore:
    """Answers questions about one plan. Pages begin behind `skip` rows and hold at most `most`.

    Arguments and errors: the Protocol `report_api.stores.runs.Previews`.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def counts(self, run_id: UUID, customer: str | None = None) -> Mapping[PreviewKind, int]:
        """Return how many items are of each kind, of one customer or of all."""
        counts = dict.fromkeys(PreviewKind, 0)
        async for row in QUERIES.preview_counts(self._pool, run_id=run_id, customer=customer):
            counts[_kind(row)] += row["items"]
        return counts

    async def costs(self, run_id: UUID) -> Mapping[PreviewKind, Sequence[Cost]]:
        """Return what the licences that change or are held cost before and after, by kind and billing cycle."""
        costs: dict[PreviewKind, dict[str, Cost]] = defaultdict(dict)
        async for row in QUERIES.preview_money(self._pool, run_id=run_id):
            kind = _kind(row)
            key = cycle_key(row["billing_cycle"])
            known = costs[kind].get(key, Cost(row["billing_cycle"], Decimal(0), Decimal(0)))
            costs[kind][key] = Cost(known.billing_cycle, known.before + row["before"], known.after + row["after"])
        return {kind: list(by_cycle.values()) for kind, by_cycle in costs.items()}

    async def customers(
        self, run_id: UUID, order: SortOrder[CustomerSort] | None = None, *, skip: int, most: int
    ) -> tuple[Sequence[CustomerChanges], int]:
        """Return a page of customers, unsorted those that lose licences first, and how many there are in all."""
        sort, down = ("", False) if order is None else (order.sort.value, order.descending)
        found = QUERIES.preview_customers(self._pool, run_id=run_id, sort=sort, down=down, skip=skip, most=most)
        rows = [row async for row in found]
        costs: dict[str, list[Cost]] = defaultdict(list)
        keys = [row["customer"] for row in rows]
        async for row in QUERIES.preview_customer_money(self._pool, run_id=run_id, customers=keys):
            costs[row["customer"]].append(Cost(row["billing_cycle"], row["before"], row["after"]))
        shown = [
            CustomerChanges(
                row["customer"],
                row["customer_name"],
                {kind: row[kind.value] for kind in PreviewKind},
                costs[row["customer"]],
            )
            for row in rows
        ]
        return shown, rows[0]["customers"] if rows else 0

    async def items(self, run_id: UUID, chosen: PreviewFilter, *, skip: int = 0, most: int) -> Sequence[ItemView]:
        """Return at most `most` items that fit, behind `skip` others."""
        pairs = [
            (action, outcome, waits)
            for action in Action
            for outcome in Outcome
            for waits in WAITS
            if kind_of(action, outcome, waits) in chosen.kinds
        ]
        wanted = {
            "run_id": run_id,
            "actions": [action for action, _, _ in pairs],
            "outcomes": [outcome for _, outcome, _ in pairs],
            "waits": [waits for _, _, waits in pairs],
            "customer": chosen.customer,
            "skip": skip,
            "most": most,
        }
        order = chosen.order
        if order is None:
            rows = QUERIES.preview_items(self._pool, **wanted)
        else:
            by = {"sort": order.sort, "down": order.descending, "grouped": order.grouped}
            rows = QUERIES.sorted_items(self._pool, **wanted, **by, outcome=None, action=None, pattern=None)
        return [item_view(row) async for row in rows]
