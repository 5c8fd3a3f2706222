"""Values of the invoice system's events: numbers, and texts that are only shown (spec section 9, "Lenient")."""

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

MOST_SHOWN = 500
"""The most characters of a text that is only shown; the rest is cut off."""

STORED_DECIMALS = 18
"""How many decimals are kept of a number that may have any number of them."""

_LONGEST_NUMBER = 1000
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,6})?")
_STORED = Decimal(1).scaleb(-STORED_DECIMALS)
_EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN)
_CONTROLS = dict.fromkeys([*range(0x20), 0x7F], " ")


def number(value: object) -> object:
    """Let pass what is written as a number, in the digits 0 to 9: other digits and underscores are typing errors.

    Raises:
        ValueError: it is a truth value, or a text that is no such number.
    """
    if isinstance(value, bool):
        raise ValueError('must be a number written as a string, such as "12.50"')  # noqa: TRY004 - pydantic wants it
    if isinstance(value, str):
        text = value.strip(" ")
        if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
            raise ValueError('must be a number in the digits 0 to 9, such as "12.50"')
        return text
    return value


def _plain_zero(value: Decimal) -> Decimal:
    """Make `0E-99999` the zero that it is; Postgres cannot store its exponent."""
    return value or Decimal(0)


def _stored(whole_digits: int) -> AfterValidator:
    def stored(value: Decimal) -> Decimal:
        if value and value.adjusted() >= whole_digits:
            raise ValueError(f"must have no more than {whole_digits} digits before the point")
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent < -STORED_DECIMALS:
            value = _EXACT.quantize(value, _STORED)
        return _plain_zero(value)

    return AfterValidator(stored)


# The bounds stand before `number`: behind it they would be checked in Python, at a fifth of the time of a line.
Quantity = Annotated[
    Decimal,
    Field(max_digits=15, decimal_places=6, json_schema_extra={"max_digits": 15, "decimal_places": 6}),
    BeforeValidator(number),
    AfterValidator(_plain_zero),
]
"""A quantity: at most 9 digits before and 6 after the point. Never NaN or infinite."""

Money = Annotated[
    Decimal,
    Field(max_digits=18, decimal_places=6, json_schema_extra={"max_digits": 18, "decimal_places": 6}),
    BeforeValidator(number),
    AfterValidator(_plain_zero),
]
"""An amount in the invoice's currency: at most 12 digits before and 6 after the point. Never NaN or infinite."""

AnyQuantity = Annotated[Decimal, BeforeValidator(number), _stored(9)]
"""A quantity that sets no licence: any number of decimals, of which 18 are kept."""

AnyMoney = Annotated[Decimal, BeforeValidator(number), _stored(12)]
"""An amount that sets no licence: any number of decimals, of which 18 are kept."""


def _shown(value: object) -> object:
    """Make a text fit to be shown: control characters become spaces, and what is too long is cut."""
    if value is None:
        return ""
    if isinstance(value, str) and not (value.isprintable() and len(value) <= MOST_SHOWN):
        return value.translate(_CONTROLS).strip()[:MOST_SHOWN]
    return value


ShownText = Annotated[str, BeforeValidator(_shown)]
"""A text that is only shown: at most 500 characters, the rest is cut; control characters become spaces; null is ''."""

ShownName = Annotated[str, BeforeValidator(_shown), StringConstraints(min_length=1)]
"""The same, and not empty."""
