"""What a plan would change, customer by customer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from halosync.domain.preview_kinds import PreviewKind
from halosync.ports.item_views import ItemOrder
from halosync.ports.run_views import Cost


@dataclass(frozen=True, slots=True)
class CustomerChanges:
    """What becomes of a customer's items, and what that costs.

    Attributes:
        customer: what it is known by in these pages: its client in Halo, or its own id where it has none.
        name: the customer's name.
        counts: how many of its items are of each kind.
        costs: by billing cycle.
    """

    customer: str
    name: str
    counts: Mapping[PreviewKind, int]
    costs: Sequence[Cost]


class CustomerSort(StrEnum):
    """What the customers of a plan can be sorted by: their name, how many of their items are so, or their money.

    `COST`: by how much what their licences cost changes, up or down, all billing cycles together.
    """

    NAME = "name"
    CREATED = "created"
    UPDATED = "updated"
    REMOVED = "removed"
    HELD = "held"
    UNCHANGED = "unchanged"
    COST = "cost"


@dataclass(frozen=True, slots=True)
class PreviewFilter:
    """Which items of a plan: of these kinds, of one customer or of all. Order None: the plan's."""

    kinds: Collection[PreviewKind]
    customer: str | None = None
    order: ItemOrder | None = None
