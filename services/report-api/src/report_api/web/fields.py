"""Types of the values that callers send and get: texts in addresses, and numbers in JSON."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Query
from halosync.contracts.message import INVISIBLE
from halosync.domain.decimals import plain
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema


def _without_nul(text: str) -> str:
    # Postgres has no NUL in texts: it would be a database error instead of an answer.
    if "\0" in text:
        raise ValueError("holds a NUL character; remove it")
    return text


PRINTABLE = r"^((?![\u0000-\u001f\u007f])\s)*[^\s\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$"
"""For the description: not blank, and no control characters. The rule is `halosync.contracts.message.printable`'s."""

VISIBLE = (
    rf"^((?![\u0000-\u001f\u007f{INVISIBLE}])\s)*[^\s\u0000-\u001f\u007f{INVISIBLE}][^\u0000-\u001f\u007f{INVISIBLE}]*$"
)
"""For the description: as `PRINTABLE`, and every character is seen (`halosync.contracts.message.visible`)."""

QueryText = Annotated[str, AfterValidator(_without_nul), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})]
"""Text that may become part of a database query."""

Search = Annotated[
    QueryText | None,
    Query(max_length=200, description="Only what has this text in a name, code or reason, in upper or lower case."),
]
"""The parameter `q`."""


Day = Annotated[date | None, BeforeValidator(lambda text: text or None)]
"""A day, YYYY-MM-DD; an empty field of a form is none."""

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
