"""Texts that callers send in addresses."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, Field


def _without_nul(text: str) -> str:
    # Postgres has no NUL in texts: it would be a database error instead of an answer.
    if "\0" in text:
        raise ValueError("holds a NUL character; remove it")
    return text


PRINTABLE = r"^[^\u0000-\u001f\u007f]*[^\s\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$"
"""For the description: not blank, and no control characters. The rule is `halosync.contracts.message.printable`'s."""

QueryText = Annotated[str, AfterValidator(_without_nul), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})]
"""Text that may become part of a database query."""

Search = Annotated[
    QueryText | None,
    Query(max_length=200, description="Only what has this text in a name, code or reason, in upper or lower case."),
]
"""The parameter `q`."""
