"""A licence before and after, field by field, as a table shows it: what the item of a run changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from report_api.runs.models import LicenceShape
from report_api.web.formats import NOTHING, amount, decimal


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a licence, before and after, as text. A dash: unset, or there is no licence."""

    field: str
    before: str
    after: str
    changed: bool


def changes(before: LicenceShape | None, after: LicenceShape | None) -> Sequence[Change]:
    """Return the fields of a licence, those that stay the same too.

    None before is a licence that is created, None after one that is deleted. With neither there is no field.
    """
    if before is None and after is None:
        return ()
    shown: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
        ("Quantity", "quantity", decimal),
        ("Price", "price", amount),
        ("Billing cycle", "billing_cycle", lambda cycle: cycle or NOTHING),
        ("Active", "active", lambda active: "Yes" if active else "No"),
    )
    return [_change(field, _get(before, name), _get(after, name), text) for field, name, text in shown]


_ABSENT = object()
"""The value of a field where there is no licence; unset is a value of its own."""


def _get(shape: LicenceShape | None, name: str) -> object:
    return _ABSENT if shape is None else getattr(shape, name)


def _change(field: str, before: object, after: object, text: Callable[[Any], str]) -> Change:
    old, new = (NOTHING if value is _ABSENT else text(value) for value in (before, after))
    return Change(field, old, new, changed=before != after)
