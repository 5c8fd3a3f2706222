"""What is wrong with a value is said in plain words: what it must be."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from halosync.contracts.complaints import complaint
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

MONTH = r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def said_of(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(kind).validate_python(value)
    return complaint(raised.value.errors()[0])


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (str, 7, "must be text"),
        (Annotated[str, Field(min_length=1)], "", "must not be empty"),
        (Annotated[str, Field(min_length=3)], "ab", "must have at least 3 characters"),
        (Annotated[str, Field(max_length=3)], "abcd", "must have at most 3 characters"),
        (Annotated[str, Field(pattern="^a$")], "b", "must fit the pattern ^a$"),
        (Annotated[str, Field(pattern=MONTH)], "2026-13", "must be a month, such as 2026-11"),
        (int, "7.5", "must be a whole number"),
        (int, 7.5, "must be a whole number"),
        (int, [], "must be a whole number"),
        (int, "9" * 5000, "must be a whole number with fewer digits"),
        (Annotated[int, Field(ge=1)], 0, "must be at least 1"),
        (Annotated[int, Field(le=500)], 501, "must be at most 500"),
        (Annotated[int, Field(gt=0)], 0, "must be more than 0"),
        (Annotated[int, Field(lt=9)], 9, "must be less than 9"),
        (float, "x", "must be a number"),
        (Annotated[float, Field(allow_inf_nan=False)], "inf", "must be a number, not infinite"),
        (Decimal, "x", 'must be a number, such as "12.50"'),
        (Annotated[Decimal, Field(decimal_places=2)], "1.234", "must have at most 2 digits behind the point"),
        (bool, "perhaps", "must be true or false"),
        (Colour, "green", "must be 'red' or 'blue'"),
        (Literal["a", "b"], "c", "must be 'a' or 'b'"),
        (UUID, "x", "must be a UUID, such as 0b7c4c6e-7f5e-4a6b-9a43-5d0f0f1d2c3b"),
        (list[int], 7, "must be a list"),
        (Annotated[list[int], Field(min_length=1)], [], "must not be empty"),
        (Annotated[list[int], Field(min_length=2)], [1], "must have at least 2 entries"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "must have at most 1 entries"),
        (dict[str, int], 7, "must be a JSON object"),
        (None, 7, "must be null"),
        (datetime, "x", "must be a time, such as 2026-11-05T02:00:00Z"),
        (AwareDatetime, "2026-11-05T02:00:00", "must be a time with its zone, such as 2026-11-05T02:00:00Z"),
    ],
)
def test_it_is_said_what_a_value_must_be(kind: object, value: object, said: str) -> None:
    assert said_of(kind, value) == said


def test_a_sentence_of_ours_stands_as_it_is() -> None:
    assert complaint({"type": "value_error", "msg": "Value error, must not be blank"}) == "must not be blank"
