"""What the tables of runs show: a licence before and after, and what a preview says in money."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Literal, TypeAlias

from halosync.domain.billing_cycles import cycle_key
from halosync.domain.preview_kinds import PreviewKind
from halosync.ports.run_views import Cost

from report_api.runs import sentences
from report_api.runs.models import CycleCost, Drifted, Item, LicenceShape, Run
from report_api.runs.sentences import Meaning, RemedyLink
from report_api.web.formats import NOTHING, amount, decimal


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a licence, before and after, as text. A dash: unset, or there is no licence.

    `is_new`: there was no licence before; `is_gone`: there is none after. `drift`: what halosync wrote there, which
    somebody has edited in Halo since; None where nobody has.
    """

    field: str
    before: str
    after: str
    changed: bool
    is_new: bool = False
    is_gone: bool = False
    drift: str | None = None


def field_changes(
    before: LicenceShape | None, after: LicenceShape | None, drift: Sequence[Drifted] = ()
) -> Sequence[FieldChange]:
    """Return the fields of a licence, those that stay the same too.

    None before is a licence that is created, None after one that is deleted. With neither there is no field.
    """
    if before is None and after is None:
        return ()
    edited = {each.field: each for each in drift}
    return [
        _change(field, _get(before, name), _get(after, name), text, edited.get(name)) for field, name, text in _FIELDS
    ]


_Field: TypeAlias = Literal["quantity", "price", "billing_cycle", "active"]

_ABSENT = object()
"""The value of a field where there is no licence; unset is a value of its own."""


def _get(shape: LicenceShape | None, name: str) -> object:
    return _ABSENT if shape is None else getattr(shape, name)


_FIELDS: Sequence[tuple[str, _Field, Callable[[Any], str]]] = (
    ("Quantity", "quantity", decimal),
    ("Price", "price", amount),
    ("Billing cycle", "billing_cycle", lambda cycle: cycle or NOTHING),
    ("Active", "active", lambda active: "Yes" if active else "No"),
)


def _change(
    field: str, before: object, after: object, text: Callable[[object], str], drift: Drifted | None
) -> FieldChange:
    old, new = (NOTHING if value is _ABSENT else text(value) for value in (before, after))
    wrote = None if drift is None else text(_value(drift.we_wrote))
    return FieldChange(
        field, old, new, before != after, is_new=before is _ABSENT, is_gone=after is _ABSENT, drift=wrote
    )


def _value(written: str | bool | None) -> object:
    """Return what a drift tells: numbers are texts there."""
    try:
        return Decimal(written) if isinstance(written, str) else written
    except InvalidOperation:
        return written


_NOTHING = Decimal(0)
_CENT = Decimal("0.01")
_CHANGING = (PreviewKind.CREATED, PreviewKind.UPDATED, PreviewKind.REMOVED)


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """One billing cycle, and how a Sync changes what it costs, in cents. Held removals are not part of the change.

    Attributes:
        total: what the licences cost now and after a Sync, and the difference.
        created, updated, removed: by how much each changes that; they add up to the difference.
        held: by how much the held removals would change it besides.
    """

    total: CycleCost
    created: Decimal
    updated: Decimal
    removed: Decimal
    held: Decimal


def money_rows(totals: Sequence[CycleCost], costs: Mapping[PreviewKind, Sequence[Cost]]) -> Sequence[MoneyRow]:
    """Return a row for each billing cycle, by name, the unnamed one last; cycles are never added up.

    Amounts in different currencies are not compared: nothing changes by anything then.

    `totals` are rounded to cents and stay as they are, as the run's page and the API show them; `costs` are exact.
    """
    by_both = {(kind, cycle_key(cost.billing_cycle)): cost for kind, of_kind in costs.items() for cost in of_kind}

    def row(total: CycleCost) -> MoneyRow:
        cycle = cycle_key(total.billing_cycle)
        if total.change is None:
            return MoneyRow(total, _NOTHING, _NOTHING, _NOTHING, _NOTHING)
        exact = [by_both[kind, cycle].change if (kind, cycle) in by_both else _NOTHING for kind in _CHANGING]
        created, updated, removed = _in_cents(exact, total.change)
        held = -by_both[PreviewKind.HELD, cycle].before if (PreviewKind.HELD, cycle) in by_both else _NOTHING
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


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An item as the table shows it. `reason` and `remedy` are None where there is nothing to say or to do.

    `money`: by how much the change would alter what the licence costs, for each billing cycle. `renamed`: the name that
    halosync wrote, where somebody has changed it in Halo.
    """

    item: Item
    outcome: Meaning
    reason: str | None
    remedy: RemedyLink | None
    changes: Sequence[FieldChange]

    @property
    def money(self) -> Sequence[tuple[str, Decimal]]:
        """What a tick of it adds to the sum."""
        sums: dict[str, Decimal] = {}
        for shape, sign in ((self.item.before, -1), (self.item.after, 1)):
            if shape is not None and shape.active and shape.quantity is not None and shape.price is not None:
                cycle = shape.billing_cycle or ""
                sums[cycle] = sums.get(cycle, _NOTHING) + sign * shape.quantity * shape.price
        return [(cycle, value) for cycle, value in sums.items() if value]

    @property
    def renamed(self) -> str | None:
        """The name that halosync wrote."""
        return next((str(each.we_wrote) for each in self.item.drift if each.field == "name"), None)

    @property
    def deleted(self) -> str:
        """What somebody did to the licence that halosync wrote, where its client has none any more; else empty."""
        for each in self.item.drift:
            if each.field == "licence":
                did = "deleted in Halo" if each.halo_has is None else f"moved to client #{each.halo_has} in Halo"
                return f"licence #{each.we_wrote} was {did}"
        return ""


def shown_item(item: Item, run: Run) -> ShownItem:
    """Return an item with its codes in words."""
    return ShownItem(
        item=item,
        outcome=sentences.outcome_meaning(item.outcome, run.state),
        reason=sentences.reason_label(item.reason),
        remedy=sentences.REMEDY_LINKS.get(item.reason or ""),
        changes=field_changes(item.before, item.after, item.drift),
    )
