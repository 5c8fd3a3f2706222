"""One line of an invoice, checked: at once where it is plainly good, by the models of `invoice` where it is not.

The models ask for each value whether it is well written, most of it in Python: 8 µs a line. Nearly all lines are
written as the documentation shows them. Those are recognised as a whole, and become what the models would make of them.
"""

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, get_args

from halosync.contracts.invoice import InvoiceLine, NonRecurringLine

_CENT = Decimal("0.01")
_EXACT = Context(prec=120, rounding=ROUND_HALF_UP)
"""Nothing but cents is ever rounded: a product of two numbers of a line has at most 36 decimals."""

_NON_RECURRING = frozenset(get_args(NonRecurringLine.model_fields["kind"].annotation))

_texts_of = itemgetter(*InvoiceLine.model_fields)

_PLAIN_CHARS = 200
"""The shortest bound of any text, in characters: a line that is no longer as a whole loses nothing."""

_plain_numbers = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})? (?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,6})?").fullmatch
"""A quantity and a price within the bounds of both models, spelt as a Decimal of them is."""


class CheckedLine(NamedTuple):
    """What a line says. No text holds a control character, so `text` tells lines apart that differ in anything."""

    line_id: str
    customer_id: str
    customer_name: str
    product_code: str
    product_name: str
    kind: str
    quantity: Decimal
    unit_price: Decimal
    billing_cycle: str
    text: str
    """All of the above in this order, with tabs between them."""
    amount: Decimal
    """Quantity times price, rounded half up to cents."""


def checked(raw: object) -> CheckedLine:
    """Check a line as it was sent. What sets no licence is not held to what one needs (spec section 9, "Lenient").

    Raises:
        pydantic.ValidationError: it does not fit.
    """
    return _plain(raw) or _by_model(raw)


def added(total: Decimal, line: CheckedLine) -> Decimal:
    """Return a total with the amount of another line."""
    return _EXACT.add(total, line.amount)


def _plain(raw: Any) -> CheckedLine | None:
    """Return a line that the models would take as it is written; None: they are to say."""
    try:
        texts: tuple[str, ...] = _texts_of(raw)
        whole = " ".join(texts)
    except (KeyError, TypeError):  # something is missing, or is no text
        return None
    line_id, customer_id, customer_name, product_code, product_name, kind, quantity, unit_price, billing_cycle = texts
    # What is printable holds no character that is invisible or trimmed, but for the space. Two spaces in a row are
    # inside a text, at one of its ends, or around an empty one.
    if (
        kind != "recurring"
        or len(whole) > _PLAIN_CHARS
        or not whole.isprintable()
        or "  " in whole
        or whole[0] == " "
        or whole[-1] == " "
        or (numbers := _numbers(quantity, unit_price)) is None
    ):
        return None
    how_many, price, amount = numbers
    of = (line_id, customer_id, customer_name, product_code, product_name, kind, how_many, price, billing_cycle)
    return CheckedLine._make((*of, "\t".join(texts), amount))


@lru_cache(maxsize=4096)
def _numbers(quantity: str, unit_price: str) -> tuple[Decimal, Decimal, Decimal] | None:
    """Return quantity, price and amount, or None if they are not plain. Few pairs come often in an invoice."""
    if not _plain_numbers(f"{quantity} {unit_price}"):
        return None
    how_many, price = Decimal(quantity), Decimal(unit_price)
    if not (how_many and price):  # the models write every zero as 0
        return None
    return how_many, price, _amount(how_many, price)


def _amount(quantity: Decimal, price: Decimal) -> Decimal:
    return _EXACT.quantize(_EXACT.multiply(quantity, price), _CENT)


def _by_model(raw: object) -> CheckedLine:
    kind = raw.get("kind") if isinstance(raw, dict) else None
    loose = isinstance(kind, str) and kind in _NON_RECURRING
    line = (NonRecurringLine if loose else InvoiceLine).model_validate(raw)
    values = [getattr(line, name) for name in InvoiceLine.model_fields]
    text, amount = "\t".join(map(str, values)), _amount(line.quantity, line.unit_price)
    return CheckedLine._make([*values, text, amount])
