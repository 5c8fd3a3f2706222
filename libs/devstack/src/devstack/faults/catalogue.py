"""All cases, in the order in which they are shown."""

from collections.abc import Sequence
from fnmatch import fnmatch

from devstack.errors import DevstackError
from devstack.faults import (
    contact_cases,
    halo_cases,
    notice_cases,
    process_cases,
    rights_cases,
    server_cases,
    undo_cases,
    writer_cases,
)
from devstack.faults.case import Case

CASES: Sequence[Case] = (
    *writer_cases.CASES,
    *process_cases.CASES,
    *server_cases.CASES,
    *rights_cases.CASES,
    *halo_cases.CASES,
    *contact_cases.CASES,
    *undo_cases.CASES,
    *notice_cases.CASES,
)


def chosen(patterns: Sequence[str], *, short: bool = False) -> list[Case]:
    """Return the cases whose names fit one of the patterns (`writer-*`); without patterns all, or the short version.

    Raises:
        DevstackError: a pattern fits none.
    """
    for pattern in patterns:
        if not any(fnmatch(case.name, pattern) for case in CASES):
            raise DevstackError(f"there is no case {pattern}; `make faults ARGS=--list` shows them")
    return [
        case
        for case in CASES
        if (not short or case.short) and (not patterns or any(fnmatch(case.name, one) for one in patterns))
    ]
