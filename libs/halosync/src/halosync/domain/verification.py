"""Whether Halo keeps what it was asked for (spec section 9, "Verified writes").

Halo may round, normalise or ignore a field without saying so (halo-api section 5). What it took is therefore no more
than a claim, until its answer or a list shows it.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from halosync.domain.billing_cycles import same_cycle
from halosync.domain.decimals import plain, price_text, same_on_wire
from halosync.domain.model import KeptOtherwise, LicenceState

HALF_A_CENT = Decimal("0.005")


class KeptField(StrEnum):
    """What of a licence halosync asks for, in the words of its sentences."""

    NAME = "name"
    QUANTITY = "quantity"
    PRICE = "price"
    BILLING_CYCLE = "billing cycle"
    ACTIVITY = "activity"
    LICENCE = "licence"


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that Halo keeps otherwise; the values are for people."""

    field: KeptField
    asked: str
    kept: str


def kept_to_the_cent(asked: Decimal | None, kept: Decimal | None) -> bool:
    """Tell whether Halo keeps a price as asked, or to the cent: a whole number of cents, less than half a cent off."""
    if same_on_wire(asked, kept):
        return True
    if asked is None or kept is None:
        return False
    cents = kept * 100
    return cents == cents.to_integral_value() and abs(asked - kept) < HALF_A_CENT


def state_differences(asked: LicenceState, kept: LicenceState) -> list[Difference]:
    """Return in which fields `kept` is not what was asked for, as far as Halo can hold it."""
    found = []
    if not same_on_wire(asked.quantity, kept.quantity):
        found.append(Difference(KeptField.QUANTITY, _number(asked.quantity), _number(kept.quantity)))
    if not kept_to_the_cent(asked.price, kept.price):
        found.append(Difference(KeptField.PRICE, _price(asked.price), _price(kept.price)))
    if not same_cycle(asked.billing_cycle, kept.billing_cycle):
        found.append(Difference(KeptField.BILLING_CYCLE, _text(asked.billing_cycle), _text(kept.billing_cycle)))
    if asked.active != kept.active:
        found.append(Difference(KeptField.ACTIVITY, _activity(asked), _activity(kept)))
    return found


def differences(wish: KeptOtherwise) -> list[Difference]:
    """Return in which fields Halo keeps something else than it was asked for; none: it keeps the wish."""
    if wish.asked is None:
        return [Difference(KeptField.LICENCE, "none", "still there")]
    named = wish.asked_name is not None and wish.asked_name != wish.kept_name
    name = [Difference(KeptField.NAME, _text(wish.asked_name), _text(wish.kept_name))] if named else []
    return name + state_differences(wish.asked, wish.kept)


def same_wish(one: KeptOtherwise, other: KeptOtherwise) -> bool:
    """Tell whether Halo was asked for the same twice and showed the same both times: asking again changes nothing."""
    return (
        _same(one.asked, other.asked)
        and _same(one.kept, other.kept)
        and one.asked_name == other.asked_name
        and one.kept_name == other.kept_name
    )


def as_kept(asked: LicenceState, kept: LicenceState) -> LicenceState:
    """Return what pages, money and the next comparison take: the values that Halo keeps, where they differ at all."""
    return LicenceState(
        quantity=asked.quantity if same_on_wire(asked.quantity, kept.quantity) else kept.quantity,
        price=asked.price if same_on_wire(asked.price, kept.price) else kept.price,
        billing_cycle=kept.billing_cycle or asked.billing_cycle,
        active=kept.active,
    )


def _same(one: LicenceState | None, other: LicenceState | None) -> bool:
    if one is None or other is None:
        return one is other
    return (
        same_on_wire(one.quantity, other.quantity)
        and same_on_wire(one.price, other.price)
        and same_cycle(one.billing_cycle, other.billing_cycle)
        and one.active == other.active
    )


def _number(value: Decimal | None) -> str:
    return "nothing" if value is None else plain(value)


def _price(value: Decimal | None) -> str:
    return "nothing" if value is None else price_text(value)


def _text(value: str | None) -> str:
    return f'"{value}"' if value else "nothing"


def _activity(state: LicenceState) -> str:
    return "active" if state.active else "inactive"
