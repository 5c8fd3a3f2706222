"""Texts that callers send in addresses."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator


def _without_nul(text: str) -> str:
    # Postgres has no NUL in texts: it would be a database error instead of an answer.
    if "\0" in text:
        raise ValueError("holds a NUL character; remove it")
    return text


QueryText = Annotated[str, AfterValidator(_without_nul)]
"""Text that may become part of a database query."""

Search = Annotated[
    QueryText | None,
    Query(max_length=200, description="Only what has this text in a name, code or reason, in upper or lower case."),
]
"""The parameter `q`."""
