"""Decimals in JSON: strings, from end to end (spec section 3, "Money and quantities")."""

from decimal import Decimal
from typing import Annotated

from halosync.domain.decimals import plain
from pydantic import PlainSerializer, WithJsonSchema

Amount = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["31.50"]}),
]
"""A decimal, written as a string without exponent."""
