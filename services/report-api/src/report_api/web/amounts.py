"""Numbers in JSON. Decimals are strings, from end to end (spec section 3, "Money and quantities")."""

from decimal import Decimal
from typing import Annotated

from halosync.domain.decimals import plain
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

Amount = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["31.50"]}),
]
"""A decimal, written as a string without exponent."""


def _integer(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


INTEGRAL = BeforeValidator(_integer)
"""Makes a strict integer one as JSON Schema has it: 3.0 is one too, and neither "3" nor true is."""
