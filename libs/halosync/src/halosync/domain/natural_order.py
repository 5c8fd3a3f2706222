"""The order in which people look for names: "Site 2" before "Site 10"."""

import re
from functools import lru_cache
from typing import TypeAlias

from halosync.domain.names import name_key

NaturalKey: TypeAlias = tuple[str | int, ...]
"""Texts and numbers in turns, a text first and last."""

_DIGITS = re.compile(r"([0-9]+)", re.ASCII)
_MOST_DIGITS = 300
"""Longer numbers are compared as texts: Python reads no integer of any length."""


def natural_key(name: str) -> NaturalKey:
    """Return what names are sorted by: as `name_key`, but numbers in them by their value."""
    return natural_parts(name_key(name))


@lru_cache(maxsize=10_000)
def natural_parts(key: str) -> NaturalKey:
    """Return what a name of which `key` is the `name_key` is sorted by; the products of many customers are the same."""
    texts = _DIGITS.split(key)
    parts: list[str | int] = [*texts]
    parts[1::2] = [int(digits) if len(digits) <= _MOST_DIGITS else -1 for digits in texts[1::2]]
    return tuple(parts)
