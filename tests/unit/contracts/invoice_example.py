"""An event that is good, and how one is taken in or refused."""

import json

import pytest
from halosync.contracts.checked_line import CheckedLine
from halosync.contracts.invoice_checks import (
    InvalidInvoiceError,
    LineChecker,
    read_event,
)

from tests.invoices import EVENT


def take_in(body: bytes) -> tuple[LineChecker, list[CheckedLine]]:
    """Check an event as the planner does."""
    header, raw_lines = read_event(body)
    checker = LineChecker(header)
    lines = list(checker.check(raw_lines or []))
    if raw_lines is not None:
        checker.finish()
    return checker, lines


def refusal(event: object) -> InvalidInvoiceError:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    with pytest.raises(InvalidInvoiceError) as refused:
        take_in(body)
    return refused.value


def problems(event: object) -> list[tuple[int | None, str]]:
    return [(problem.line, problem.field) for problem in refusal(event).problems]


def without(fields: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in fields.items() if key != name}


def checker() -> LineChecker:
    return LineChecker(read_event(json.dumps(EVENT).encode())[0])
