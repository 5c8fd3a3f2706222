"""Types of the values that callers send and get: texts in addresses, and numbers in JSON."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Query
from halosync.contracts.message import INVISIBLE
from halosync.domain.decimals import plain
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, PlainSerializer, WithJsonSchema


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


def _day(text: object) -> object:
    # Pydantic also takes a number for the seconds since 1970.
    if isinstance(text, str) and text and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("must be a day such as 2026-11-05")
    return text or None


Day = Annotated[
    date | None,
    BeforeValidator(_day),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "maxLength": 0}]}),
]
"""A day, YYYY-MM-DD; an empty field of a form is none."""


def _in_utc(at: datetime) -> datetime:
    # Postgres' driver counts in UTC, where a time of the first or the last day there is may not exist.
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be a time of the years 1 to 9999 in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time that may become part of a database query, in UTC."""

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
