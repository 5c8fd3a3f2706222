"""What a preview says in money: arithmetic on the costs of what is created, updated, removed and left alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from halosync.store.previews import Cost, Kind

from report_api.models.runs import Money

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """One billing cycle, and how a Sync changes what it costs. Held removals are not part of the change.

    Attributes:
        total: what the licences cost now and after a Sync, and the difference.
        created, updated, removed: by how much each changes that.
        held: by how much the held removals would change it besides.
    """

    total: Money
    created: Decimal
    updated: Decimal
    removed: Decimal
    held: Decimal


def money_rows(totals: Sequence[Money], costs: Mapping[Kind, Sequence[Cost]]) -> Sequence[MoneyRow]:
    """Return a row for each billing cycle, by name, the unnamed one last; cycles are never added up."""
    by_both = {(kind, cost.billing_cycle): cost for kind, of_kind in costs.items() for cost in of_kind}

    def change(kind: Kind, cycle: str | None) -> Decimal:
        return by_both[kind, cycle].change if (kind, cycle) in by_both else _NOTHING

    def held(cycle: str | None) -> Decimal:
        return -by_both[Kind.HELD, cycle].before if (Kind.HELD, cycle) in by_both else _NOTHING

    return [
        MoneyRow(
            total=total,
            created=change(Kind.CREATED, total.billing_cycle),
            updated=change(Kind.UPDATED, total.billing_cycle),
            removed=change(Kind.REMOVED, total.billing_cycle),
            held=held(total.billing_cycle),
        )
        for total in sorted(totals, key=lambda one: (one.billing_cycle is None, one.billing_cycle or ""))
    ]
