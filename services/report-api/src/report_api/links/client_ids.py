"""Ids of Halo's clients as people and forms write them."""

import re
from typing import TypeAlias

_DIGITS = re.compile(r"#?(-?[0-9]{1,19})", re.ASCII)
_MOST = 2**63 - 1
"""What fits Postgres' bigint."""


def read_client_id(text: str) -> int | None:
    """Return the id that `text` writes, with or without `#` in front; None if it is no id."""
    digits = _DIGITS.fullmatch(text.strip())
    number = int(digits[1]) if digits else None
    return number if number is not None and -_MOST <= number <= _MOST else None


Choice: TypeAlias = tuple[int, str]
"""A client that was chosen, and the mark that it was shown with."""


def client_choice(client_id: int, mark: str) -> str:
    """Return the value of a form's field that chooses this client."""
    return f"{client_id}:{mark}"


def read_client_choice(text: str) -> Choice | None:
    """Return what `client_choice` has made; None if it is no such text."""
    number, colon, mark = text.partition(":")
    client_id = read_client_id(number)
    return None if client_id is None or not colon else (client_id, mark)
