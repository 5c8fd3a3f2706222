"""Making any value fit for Postgres: what a broken sender wrote must still be kept (spec section 5.7)."""

import math
from collections.abc import Mapping, Sequence

_REPLACEMENT = "\ufffd"


def storable_text(text: str) -> str:
    """Return `text` without what Postgres cannot hold: NUL and lone surrogates become replacement characters."""
    return text.replace("\0", _REPLACEMENT).encode("utf-8", "replace").decode()


def storable(value: object) -> object:
    """Return `value` as what a jsonb column takes: texts, finite numbers, lists and dicts.

    AMQP headers also hold bytes, times and NaN.
    """
    match value:
        case bool() | int() | None:
            return value
        case float() if math.isfinite(value):
            return value
        case bytes() | bytearray():
            return storable_text(value.decode("utf-8", "replace"))
        case Mapping():
            return {storable_text(str(name)): storable(member) for name, member in value.items()}
        case Sequence() if not isinstance(value, str):
            return [storable(member) for member in value]
        case _:
            return storable_text(str(value))
