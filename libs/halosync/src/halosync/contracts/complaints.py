"""What is wrong with a value, in plain words that say what it must be: for answers, rejected invoices and settings."""

from collections.abc import Mapping
from typing import Any

from halosync.contracts.patterns import COUNTRY, CURRENCY, ITEM_KEY, PERIOD

_WORDS = {
    "missing": "is missing; give it",
    "extra_forbidden": "is not known here; leave it out",
    "string_type": "must be text",
    "string_pattern_mismatch": "must fit the pattern {pattern}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number with fewer digits",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number, not infinite",
    "decimal_type": 'must be a number, such as "12.50"',
    "decimal_parsing": 'must be a number, such as "12.50"',
    "decimal_max_digits": "must have at most {max_digits} digits",
    "decimal_max_places": "must have at most {decimal_places} digits behind the point",
    "decimal_whole_digits": "must have at most {whole_digits} digits before the point",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "uuid_type": "must be a UUID, such as 0b7c4c6e-7f5e-4a6b-9a43-5d0f0f1d2c3b",
    "uuid_parsing": "must be a UUID, such as 0b7c4c6e-7f5e-4a6b-9a43-5d0f0f1d2c3b",
    "list_type": "must be a list",
    "too_long": "must have at most {max_length} entries",
    "dict_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "none_required": "must be null",
    "datetime_type": "must be a time, such as 2026-11-05T02:00:00Z",
    "datetime_parsing": "must be a time, such as 2026-11-05T02:00:00Z",
    "datetime_from_date_parsing": "must be a time, such as 2026-11-05T02:00:00Z",
    "timezone_aware": "must be a time with its zone, such as 2026-11-05T02:00:00Z",
}
"""By pydantic's type of a problem; what stands in braces is of its context."""

_FORMS = {
    PERIOD: "must be a month, such as 2026-11",
    ITEM_KEY: "must be an item_key as the lists of the month have it: 32 of the characters 0-9 and a-f",
    COUNTRY: "must be a country as two capital letters, such as AU",
    CURRENCY: "must be a currency as three capital letters, such as AUD",
}
"""By the pattern that a text does not fit: what it must be, for people who do not read patterns."""


def complaint(problem: Mapping[str, Any]) -> str:
    """Return the words of one of `ValidationError.errors()`: what the value must be, or a sentence of ours."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind in {"string_too_short", "string_too_long", "too_short"}:
        return _length(kind, context)
    if kind == "string_pattern_mismatch" and context["pattern"] in _FORMS:
        return _FORMS[context["pattern"]]
    if kind in _WORDS:
        return _WORDS[kind].format(**context)
    return str(problem["msg"]).removeprefix("Value error, ")


def _length(kind: str, context: Mapping[str, object]) -> str:
    if kind == "string_too_long":
        return f"must have at most {context['max_length']} characters"
    least = context["min_length"]
    if least == 1:
        return "must not be empty"
    return f"must have at least {least} {'entries' if kind == 'too_short' else 'characters'}"
