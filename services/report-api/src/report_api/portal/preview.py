"""What a preview says in money: arithmetic on the costs of what is created, updated, removed and left alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from halosync.store.previews import Cost, Kind

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """One billing cycle, and how a Sync changes what it costs. Held removals are not part of the change.

    Attributes:
        billing_cycle: None: Halo has none.
        before: what the licences cost now.
        created, updated, removed: by how much each changes that.
        after: what they cost after a Sync.
        held: by how much the held removals would change it besides.
    """

    billing_cycle: str | None
    before: Decimal
    created: Decimal
    updated: Decimal
    removed: Decimal
    after: Decimal
    held: Decimal

    @property
    def change(self) -> Decimal:
        """After less before."""
        return self.after - self.before


def money_rows(costs: Mapping[Kind, Sequence[Cost]]) -> Sequence[MoneyRow]:
    """Return a row for each billing cycle, by name, the unnamed one last; cycles are never added up."""
    cycles = {cost.billing_cycle for of_kind in costs.values() for cost in of_kind}
    by_both = {(kind, cost.billing_cycle): cost for kind, of_kind in costs.items() for cost in of_kind}

    def row(cycle: str | None) -> MoneyRow:
        of_cycle = {kind: by_both[kind, cycle] for kind in Kind if (kind, cycle) in by_both}
        change = {kind: cost.change for kind, cost in of_cycle.items()}
        return MoneyRow(
            billing_cycle=cycle,
            before=sum((cost.before for cost in of_cycle.values()), _NOTHING),
            created=change.get(Kind.CREATED, _NOTHING),
            updated=change.get(Kind.UPDATED, _NOTHING),
            removed=change.get(Kind.REMOVED, _NOTHING),
            after=sum((cost.after for cost in of_cycle.values()), _NOTHING),
            held=-of_cycle[Kind.HELD].before if Kind.HELD in of_cycle else _NOTHING,
        )

    return [row(cycle) for cycle in sorted(cycles, key=lambda cycle: (cycle is None, cycle or ""))]
