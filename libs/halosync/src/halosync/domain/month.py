"""The month: what was billed, what Halo holds of it, and why they differ (spec section 11).

Identity, always: billed = in Halo + what the reasons explain + what nothing explains; and the last is zero, or a defect
of ours.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from halosync.domain.model import Outcome
from halosync.domain.natural_order import natural_key
from halosync.domain.remedy import needs_attention

ZERO = Decimal("0.00")
"""Amounts have two digits behind the point, also where there is nothing."""


class MonthState(StrEnum):
    """How far a month is."""

    OPEN = "open"
    """Something failed, is held, has no client or was not synchronised, and nobody accepted it."""
    READY = "ready"
    """Nothing of that kind is left."""
    CLOSED = "closed"
    """Somebody closed it; no newer revision of the invoice has arrived since, and no run of it was undone."""


class MonthReason(StrEnum):
    """Why billed and in Halo differ, besides the reasons that items have (`halosync.domain.model.Reason`)."""

    NOT_SYNCHRONISED = "not_synchronised"
    """No run has applied the invoice yet."""
    IN_PROGRESS = "in_progress"
    """A run is about to write it."""
    EDITED_IN_HALO = "edited_in_halo"
    """It was synchronised, and Halo holds something else by now."""
    UNDONE = "undone"
    """It was synchronised, and a person has undone that since."""
    LATER_MONTH = "later_month"
    """It was synchronised, and a run of a later month has written something else since."""
    PRICE_LEFT_ALONE = "price_left_alone"
    """The partner's settings say that prices are not written."""
    ROUNDING = "rounding"
    """Each line of the invoice is rounded to cents, the licence once."""
    PRICE_TO_THE_CENT = "price_to_the_cent"
    """Halo keeps the price rounded to the cent, as counts as kept, and multiplies that by the quantity."""


_OPEN_REASONS = {MonthReason.NOT_SYNCHRONISED, MonthReason.IN_PROGRESS, MonthReason.EDITED_IN_HALO, MonthReason.UNDONE}


def keeps_month_open(outcome: Outcome | None, reason: str | None) -> bool:
    """Tell whether a thing keeps its month from being ready, as long as nobody has accepted it (spec section 11)."""
    return reason in _OPEN_REASONS or needs_attention(outcome, reason)


@dataclass(frozen=True, slots=True)
class MonthGroup:
    """What the things of one customer, billing cycle, outcome and reason come to.

    Attributes:
        customer_id: the invoice's id of the customer; `halo-` and the client's id where only Halo knows it.
        outcome: of the item; None before a run.
        reason: why billed and in Halo differ; None where they do not, or where nothing explains it.
        things: how many there are.
        accepted: how many of them somebody accepted as they are.
        billed: the recurring lines, each rounded to cents.
        in_halo: what the matching licences hold as last read or written.
    """

    customer_id: str
    customer_name: str
    halo_client_id: int | None
    billing_cycle: str | None
    outcome: Outcome | None
    reason: str | None
    things: int
    accepted: int
    billed: Decimal
    in_halo: Decimal

    @property
    def difference(self) -> Decimal:
        """What is billed and not in Halo; negative where Halo holds more."""
        return self.billed - self.in_halo

    @property
    def keeps_open(self) -> int:
        """How many of the things keep the month from being ready."""
        return self.things - self.accepted if keeps_month_open(self.outcome, self.reason) else 0


@dataclass(frozen=True, slots=True)
class ReasonSum:
    """What one reason comes to.

    Attributes:
        count: how many things have it.
        amount: what of them is billed and not in Halo.
        keeps_open: how many of them keep the month from being ready.
        held: how many of them the newest run holds, so that another Sync alone changes nothing.
        accepted: how many of them somebody accepted as they are.
    """

    reason: str
    count: int
    amount: Decimal
    keeps_open: int
    held: int
    accepted: int = 0


@dataclass(frozen=True, slots=True)
class CycleSum:
    """What one billing cycle comes to: billed = in_halo + explained + unexplained."""

    billing_cycle: str | None
    billed: Decimal
    in_halo: Decimal
    explained: Decimal
    unexplained: Decimal


@dataclass(frozen=True, slots=True)
class CustomerSum:
    """What one customer comes to, all its billing cycles together: billed = in_halo + difference."""

    customer_id: str
    customer_name: str
    halo_client_id: int | None
    billed: Decimal
    in_halo: Decimal
    difference: Decimal
    keeps_open: int
    reasons: Sequence[ReasonSum]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A month as it stands.

    Attributes:
        customers: by name as people look for them, then by id.
        open_things: how many keep it from being ready.
        accepted: how many somebody accepted as they are.
        not_synchronised: what is billed and not in Halo, for reasons that keep the month open.
        compared: it is known what Halo holds. Before the first run has looked, "nothing" would be a guess.
    """

    totals: Sequence[CycleSum]
    customers: Sequence[CustomerSum]
    reasons: Sequence[ReasonSum]
    open_things: int
    accepted: int
    not_synchronised: Decimal
    compared: bool

    @property
    def needs_nothing(self) -> Decimal:
        """What is billed and not in Halo, for reasons that leave nothing to do: excluded, accepted, rounded."""
        return sum((total.explained for total in self.totals), ZERO) - self.not_synchronised

    def state(self, *, closed: bool) -> MonthState:
        """Return how far the month is."""
        if closed:
            return MonthState.CLOSED
        unexplained = any(total.unexplained for total in self.totals)
        return MonthState.OPEN if self.open_things or unexplained else MonthState.READY


def reconcile(groups: Iterable[MonthGroup]) -> Reconciliation:
    """Sum groups by billing cycle, customer and reason. Cycles are compared without regard to case and space."""
    every = list(groups)
    by_cycle: dict[str, list[MonthGroup]] = defaultdict(list)
    by_customer: dict[str, list[MonthGroup]] = defaultdict(list)
    for group in every:
        by_customer[group.customer_id].append(group)
        if group.billed or group.in_halo:
            by_cycle[(group.billing_cycle or "").strip().casefold()].append(group)
    customers = map(_customer, by_customer.values())
    return Reconciliation(
        totals=[_cycle(by_cycle[key]) for key in sorted(by_cycle)],
        customers=sorted(customers, key=lambda each: (natural_key(each.customer_name), each.customer_id)),
        reasons=_reasons(every),
        open_things=sum(group.keeps_open for group in every),
        accepted=sum(group.accepted for group in every),
        not_synchronised=sum((group.difference for group in every if group.keeps_open), ZERO),
        compared=not every or any(group.outcome is not None or group.in_halo for group in every),
    )


def not_recurring(invoiced: Iterable[Decimal], billed: Iterable[Decimal]) -> Decimal:
    """Return what invoices bill besides the recurring lines, of which alone licences are made.

    Args:
        invoiced: the totals of the invoices of a month that count.
        billed: its recurring lines by billing cycle.
    """
    return sum((*invoiced, *(-each for each in billed)), ZERO)


def _cycle(groups: Sequence[MonthGroup]) -> CycleSum:
    billed, in_halo = _billed(groups), _in_halo(groups)
    explained = sum((group.difference for group in groups if group.reason is not None), ZERO)
    return CycleSum(groups[0].billing_cycle, billed, in_halo, explained, billed - in_halo - explained)


def _customer(groups: Sequence[MonthGroup]) -> CustomerSum:
    billed, in_halo = _billed(groups), _in_halo(groups)
    clients = [each.halo_client_id for each in groups if each.halo_client_id is not None]
    return CustomerSum(
        customer_id=groups[0].customer_id,
        customer_name=groups[0].customer_name,
        halo_client_id=min(clients, default=None),
        billed=billed,
        in_halo=in_halo,
        difference=billed - in_halo,
        keeps_open=sum(group.keeps_open for group in groups),
        reasons=_reasons(groups),
    )


def _reasons(groups: Iterable[MonthGroup]) -> Sequence[ReasonSum]:
    """Return the reasons, the largest amount first."""
    counts: dict[str, int] = defaultdict(int)
    amounts: dict[str, Decimal] = defaultdict(lambda: ZERO)
    still_open: dict[str, int] = defaultdict(int)
    held: dict[str, int] = defaultdict(int)
    accepted: dict[str, int] = defaultdict(int)
    for group in groups:
        if group.reason is not None:
            counts[group.reason] += group.things
            amounts[group.reason] += group.difference
            still_open[group.reason] += group.keeps_open
            held[group.reason] += group.things if group.outcome is Outcome.HELD else 0
            accepted[group.reason] += group.accepted
    sums = [ReasonSum(r, counts[r], amounts[r], still_open[r], held[r], accepted[r]) for r in counts]
    return sorted(sums, key=lambda each: (-abs(each.amount), each.reason))


def _billed(groups: Iterable[MonthGroup]) -> Decimal:
    return sum((group.billed for group in groups), ZERO)


def _in_halo(groups: Iterable[MonthGroup]) -> Decimal:
    return sum((group.in_halo for group in groups), ZERO)
