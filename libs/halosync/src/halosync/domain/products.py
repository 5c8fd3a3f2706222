"""What the invoice wants of each product (spec section 3, "Items")."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter

from halosync.domain import item_sentences
from halosync.domain.model import Kind, Line, Reason

_BY_NUMBER = attrgetter("line_no")


@dataclass(frozen=True, slots=True)
class Product:
    """All lines of one product, in the order of their numbers. `key` is its code's `name_key`, `code` one spelling."""

    code: str
    key: str
    lines: list[Line]
    recurring: list[Line]


@dataclass(frozen=True, slots=True)
class Demand:
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
    """Return the products of `lines` in the order of their keys; `key` is `name_key`, possibly cached.

    Two spellings are one product, or else they would come to two items for one licence. The spelling shown is the
    smallest of the recurring lines', because it may become the licence's name; without recurring lines of all.
    """
    by_key: dict[str, list[Line]] = {}
    for line in lines:
        by_key.setdefault(key(line.product_code), []).append(line)
    return [_product(product_key, by_key[product_key]) for product_key in sorted(by_key)]


def _product(key: str, lines: list[Line]) -> Product:
    lines.sort(key=_BY_NUMBER)
    recurring = [line for line in lines if line.kind is Kind.RECURRING]
    if len(recurring) == len(lines):
        recurring = lines
    return Product(min(line.product_code for line in recurring or lines), key, lines, recurring)


def demand_of(product: Product) -> Demand | Fault:
    """Return what the recurring lines together want, or why they cannot be followed.

    Raises:
        IndexError: the product has no recurring line, so it demands nothing.
    """
    first, *others = product.recurring
    negative = [line for line in product.recurring if line.quantity < 0]
    if negative:
        detail = item_sentences.negative_quantity(
            [line.line_no for line in negative], [line.quantity for line in negative]
        )
        return Fault(Reason.NEGATIVE_QUANTITY, detail)
    if any(line.unit_price != first.unit_price or line.billing_cycle != first.billing_cycle for line in others):
        prices = sorted({line.unit_price for line in product.recurring})
        cycles = sorted({line.billing_cycle for line in product.recurring})
        line_nos = [line.line_no for line in product.recurring]
        return Fault(Reason.CONFLICTING_LINES, item_sentences.conflicting_lines(line_nos, prices, cycles))
    # `sum` starts from the first quantity, so that a single line's own Decimal is kept: no copy per item.
    quantity = sum((line.quantity for line in others), start=first.quantity)
    return Demand(quantity, first.unit_price, first.billing_cycle)
