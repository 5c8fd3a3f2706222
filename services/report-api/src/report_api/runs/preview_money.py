"""What a preview says in money: arithmetic on the costs of what is created, updated, removed and left alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from halosync.store.previews import Cost, Kind

from report_api.runs.models import Money

_NOTHING = Decimal(0)
_CENT = Decimal("0.01")
_CHANGING = (Kind.CREATED, Kind.UPDATED, Kind.REMOVED)


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """One billing cycle, and how a Sync changes what it costs, in cents. Held removals are not part of the change.

    Attributes:
        total: what the licences cost now and after a Sync, and the difference.
        created, updated, removed: by how much each changes that; they add up to the difference.
        held: by how much the held removals would change it besides.
    """

    total: Money
    created: Decimal
    updated: Decimal
    removed: Decimal
    held: Decimal


def money_rows(totals: Sequence[Money], costs: Mapping[Kind, Sequence[Cost]]) -> Sequence[MoneyRow]:
    """Return a row for each billing cycle, by name, the unnamed one last; cycles are never added up.

    `totals` are rounded to cents and stay as they are, as the run's page and the API show them; `costs` are exact.
    """
    by_both = {(kind, cost.billing_cycle): cost for kind, of_kind in costs.items() for cost in of_kind}

    def row(total: Money) -> MoneyRow:
        cycle = total.billing_cycle
        exact = [by_both[kind, cycle].change if (kind, cycle) in by_both else _NOTHING for kind in _CHANGING]
        created, updated, removed = _in_cents(exact, total.change)
        held = -by_both[Kind.HELD, cycle].before if (Kind.HELD, cycle) in by_both else _NOTHING
        return MoneyRow(total, created, updated, removed, _rounded(held))

    return [
        row(total) for total in sorted(totals, key=lambda one: (one.billing_cycle is None, one.billing_cycle or ""))
    ]


def _in_cents(exact: Sequence[Decimal], total: Decimal) -> Sequence[Decimal]:
    """Return amounts in cents that add up to `total`: what rounding lost goes to those that it changed most.

    None gets more than one cent, and none that is 0; so a total that is wrong is not hidden.
    """
    cents = [_rounded(amount) for amount in exact]
    left = total - sum(cents)
    step = _CENT.copy_sign(left)
    by_loss = sorted(range(len(exact)), key=lambda place: (exact[place] - cents[place]) * step, reverse=True)
    for place in by_loss:
        if left and exact[place]:
            cents[place] += step
            left -= step
    return cents


def _rounded(amount: Decimal) -> Decimal:
    """Return an amount in cents, rounded as the database does it."""
    return amount.quantize(_CENT, ROUND_HALF_UP)
