"""Ids of Halo's clients as people and forms write them."""

import re

_DIGITS = re.compile(r"#?(-?[0-9]{1,19})", re.ASCII)
_MOST = 2**63 - 1
"""What fits Postgres' bigint."""


def read_client_id(text: str) -> int | None:
    """Return the id that `text` writes, with or without `#` in front; None if it is no id."""
    digits = _DIGITS.fullmatch(text.strip())
    number = int(digits[1]) if digits else None
    return number if number is not None and -_MOST <= number <= _MOST else None
