"""The first review of a Halo: what waits, with examples and sums, and what each choice would do (spec section 9)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from halosync.domain.model import Action
from halosync.domain.review_choices import ReviewChoice, ReviewOutlook, SellingSum
from halosync.ports.item_views import ItemView
from halosync.ports.reviews import ReviewGroup
from halosync.ports.run_views import Cost
from halosync.store.item_views import item_view
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES


class ReviewStore:
    """Answers questions about what one run holds for the first review (reads only)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def groups(self, run_id: UUID) -> Sequence[ReviewGroup]:
        """Return what waits, new prices first; a group without items is left out."""
        counts: dict[Action, int] = {}
        costs: dict[Action, list[Cost]] = {Action.UPDATE: [], Action.DELETE: []}
        async for row in QUERIES.review_counts(self._pool, run_id=run_id):
            counts[Action(row["action"])] = row["items"]
        async for row in QUERIES.review_costs(self._pool, run_id=run_id):
            costs[Action(row["action"])].append(Cost(row["billing_cycle"], row["before"], row["after"]))
        return [ReviewGroup(action, counts[action], costs[action]) for action in costs if action in counts]

    async def examples(self, run_id: UUID, action: Action, most: int) -> Sequence[ItemView]:
        """Return those that waiting items would change most, in money."""
        return [
            item_view(row) async for row in QUERIES.review_examples(self._pool, run_id=run_id, action=action, most=most)
        ]

    async def outlooks(self, run_id: UUID) -> Sequence[ReviewOutlook]:
        """Return what the same Sync would do under each choice; nothing if nothing waited when it was planned."""
        stored = await QUERIES.review_outlooks(self._pool, run_id=run_id)
        return [_outlook(each) for each in stored or ()]


def outlooks_as_json(outlooks: Iterable[ReviewOutlook]) -> list[dict[str, object]]:
    """Return outlooks as they are stored with their run; amounts as text."""
    return [
        {
            "choice": one.choice.value,
            "prices": one.prices,
            "costs": one.costs,
            "removals": one.removals,
            "created": one.created,
            "updated": one.updated,
            "selling": {
                key: [cycle.billing_cycle, str(cycle.before), str(cycle.after)] for key, cycle in one.selling.items()
            },
        }
        for one in outlooks
    ]


def _outlook(stored: dict[str, Any]) -> ReviewOutlook:
    selling = {
        key: SellingSum(cycle, Decimal(before), Decimal(after))
        for key, (cycle, before, after) in stored["selling"].items()
    }
    return ReviewOutlook(**{**stored, "choice": ReviewChoice(stored["choice"]), "selling": selling})
