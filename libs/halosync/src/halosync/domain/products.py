"""What the invoice wants of each product (spec section 3, "Items")."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from halosync.domain import item_sentences
from halosync.domain.billing_cycles import cycle_key, same_cycle
from halosync.domain.model import Line, LineKind, Reason
from halosync.domain.natural_order import natural_parts

_BY_NUMBER = attrgetter("line_no")
_RECURRING = LineKind.RECURRING  # Python 3.11 calls a function for each look into an enum


class Product(NamedTuple):
    """All lines of one product, in the order of their numbers. `key` is its code's `name_key`, `code` one spelling."""

    code: str
    key: str
    lines: list[Line]
    recurring: list[Line]

    @property
    def line_nos(self) -> tuple[int, ...]:
        """The numbers of all its lines."""
        lines = self.lines
        return (lines[0].line_no,) if len(lines) == 1 else tuple([line.line_no for line in lines])


class Demand(NamedTuple):
    """What a licence of the product is to be."""

    quantity: Decimal
    price: Decimal
    billing_cycle: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an item fails in planning: its licence is left as it is."""

    reason: Reason
    detail: str


def products_of(lines: Iterable[Line], key: Callable[[str], str]) -> list[Product]:
    """Return the products of `lines` in natural order; `key` is `name_key`, possibly cached.

    Two spellings are one product, or else they would come to two items for one licence. The spelling shown is the
    smallest of the recurring lines', because it may become the licence's name; without recurring lines of all.
    """
    by_key: dict[str, list[Line]] = {}
    for line in lines:
        by_key.setdefault(key(line.product_code), []).append(line)
    return [_product(product_key, by_key[product_key]) for product_key in sorted(by_key, key=natural_parts)]


def _product(key: str, lines: list[Line]) -> Product:
    if len(lines) == 1:
        [only] = lines
        return Product(only.product_code, key, lines, lines if only.kind is _RECURRING else [])
    lines.sort(key=_BY_NUMBER)
    recurring = [line for line in lines if line.kind is _RECURRING]
    if len(recurring) == len(lines):
        recurring = lines
    return Product(min(line.product_code for line in recurring or lines), key, lines, recurring)


def demand_of(product: Product, words: Mapping[str, str]) -> Demand | Fault:
    """Return what the recurring lines together want, or why they cannot be followed.

    A line of quantity 0 has no say in price and billing cycle (spec section 9, "Lenient where no licence hangs on it").

    Args:
        product: with at least one recurring line; without one it demands nothing.
        words: the partner's words for billing cycles, by the key of the invoice's (`words_by_key`).

    Raises:
        IndexError: the product has no recurring line.
    """
    first = product.recurring[0]
    if len(product.recurring) == 1 and first.quantity >= 0 and first.unit_price >= 0:  # as nearly all are
        return Demand(first.quantity, first.unit_price, _halo_word(first.billing_cycle, words))
    return _demand_of_several(product, words)


def _demand_of_several(product: Product, words: Mapping[str, str]) -> Demand | Fault:
    negative = [line for line in product.recurring if line.quantity < 0]
    if negative:
        detail = item_sentences.negative_quantity(
            [line.line_no for line in negative], [line.quantity for line in negative]
        )
        return Fault(Reason.NEGATIVE_QUANTITY, detail)
    heard = [line for line in product.recurring if line.quantity]
    if not heard:
        first = product.recurring[0]
        return Demand(first.quantity, first.unit_price, _halo_word(first.billing_cycle, words))
    below = [line for line in heard if line.unit_price < 0]
    if below:
        detail = item_sentences.negative_price([line.line_no for line in below], [line.unit_price for line in below])
        return Fault(Reason.NEGATIVE_PRICE, detail)
    first, *others = heard
    if not others:
        return Demand(first.quantity, first.unit_price, _halo_word(first.billing_cycle, words))
    if any(line.unit_price != first.unit_price or not _same_cycle(line, first, words) for line in others):
        return Fault(Reason.CONFLICTING_LINES, _conflict(heard, words))
    quantity = sum((line.quantity for line in others), start=first.quantity)
    return Demand(quantity, first.unit_price, _halo_word(min(line.billing_cycle for line in heard), words))


def _halo_word(cycle: str, words: Mapping[str, str]) -> str:
    """Return the partner's word for the invoice's billing cycle, or the invoice's own."""
    return words.get(cycle_key(cycle), cycle) if words else cycle


def _same_cycle(line: Line, first: Line, words: Mapping[str, str]) -> bool:
    if line.billing_cycle == first.billing_cycle:
        return True
    return same_cycle(_halo_word(line.billing_cycle, words), _halo_word(first.billing_cycle, words))


def _conflict(lines: list[Line], words: Mapping[str, str]) -> str:
    prices = sorted({line.unit_price for line in lines})
    cycles: dict[str, str] = {}
    for line in sorted(lines, key=lambda line: line.billing_cycle):
        cycles.setdefault(cycle_key(_halo_word(line.billing_cycle, words)), line.billing_cycle)
    return item_sentences.conflicting_lines([line.line_no for line in lines], prices, sorted(cycles.values()))
