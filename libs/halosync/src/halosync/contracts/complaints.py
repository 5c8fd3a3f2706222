"""What pydantic says of a value that does not fit, as people read it."""

from collections.abc import Mapping
from typing import Any


def complaint(problem: Mapping[str, Any]) -> str:
    """Return the words of one of `ValidationError.errors()`, without the name of its kind before a sentence of ours."""
    return str(problem["msg"]).removeprefix("Value error, ")
