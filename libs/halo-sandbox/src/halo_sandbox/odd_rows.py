"""Rows as some Halos write them (halo-api section 5): numbers and flags as text, what is unset left out."""

import json

from halo_sandbox.model import ENCODE

_AS_TEXT = ("id", "client_id", "count", "price", "is_active")


def odd_row(row: str) -> str:
    """Return a row's JSON with its oddities; what it says stays the same."""
    fields = {name: value for name, value in json.loads(row).items() if value not in (None, "")}
    for name in _AS_TEXT:
        if name in fields:
            fields[name] = str(fields[name]).lower()
    if "status" in fields:
        fields["status"] = "Active"
    return ENCODE(fields)
