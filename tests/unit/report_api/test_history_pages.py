"""The labels under the chart of invoices: months, and a year where it begins."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from halosync.domain.model import Outcome
from halosync.ports.invoice_views import SyncedInvoice
from report_api.history.pages import by_run, chart_of


def invoice(period: str, counts: dict[str, int] | None = None) -> SyncedInvoice:
    return SyncedInvoice(
        invoice_id=f"INV-{period}",
        revision=1,
        period=period,
        issued_at=datetime(2026, 1, 5, tzinfo=UTC),
        line_count=1,
        replaced_by=None,
        run_id=None,
        state=None,
        counts=counts,
    )


@pytest.mark.parametrize(
    ("periods", "labels"),
    [
        ([], []),
        (["2026-11"], [("Nov", "2026")]),
        (["2026-10", "2026-10", "2026-11"], [("Oct", "2026"), ("Oct", ""), ("Nov", "")]),
        (["2025-11", "2025-12", "2026-01"], [("Nov", "2025"), ("Dec", ""), ("Jan", "2026")]),
        # One of the two years alone has no room for its name on a phone.
        (["2025-12", "2026-01", "2026-02"], [("Dec", ""), ("Jan", "2026"), ("Feb", "")]),
    ],
)
def test_a_year_is_named_where_it_begins(periods: list[str], labels: list[tuple[str, str]]) -> None:
    stacks = chart_of([invoice(period) for period in periods]).stacks
    assert [(stack.column.below, stack.column.under) for stack in stacks] == labels


def test_an_invoice_that_no_run_has_worked_on_has_no_total() -> None:
    chart = chart_of([invoice("2026-10"), invoice("2026-11", dict.fromkeys(Outcome, 0))])
    assert [stack.total for stack in chart.stacks] == [None, 0]


def test_invoices_that_one_run_synchronised_together_are_counted_once() -> None:
    run_id, counts = uuid4(), dict.fromkeys(map(str, Outcome), 1)
    several = [replace(invoice("2026-11", counts), invoice_id=f"INV-{name}", run_id=run_id) for name in "CBA"]
    alone = [replace(invoice("2026-10", counts), run_id=uuid4()), invoice("2026-09"), invoice("2026-08")]
    told = by_run([*several, *alone])
    assert told == [replace(several[0], others=tuple(several[1:])), *alone]
