"""What the Sync panel and the preview say, from numbers alone."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

import pytest
from halosync.contracts.run import RunCounters
from halosync.domain.preview_kinds import PreviewKind
from halosync.domain.states import RunState
from halosync.ports.run_views import Cost
from hypothesis import given
from hypothesis import strategies as st
from report_api.runs.models import CycleCost, RunProgress
from report_api.runs.progress import Progress
from report_api.runs.sync_panel import version_of
from report_api.runs.views import money_rows

RUN = UUID("00000000-0000-4000-8000-000000000001")
SOON = datetime(2026, 11, 5, 14, 5, tzinfo=UTC)


def progress(
    state: RunState, pending: int = 0, *, waiting_until: datetime | None = None, cancelling: bool = False
) -> Progress:
    counters = RunCounters(total=8, synced=8 - pending, pending=pending)
    return Progress(RunProgress(run_id=RUN, state=state, counters=counters, waiting_until=waiting_until), cancelling)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (progress(RunState.READING), "Reading Halo."),
        (progress(RunState.WRITING, 8), "Writing to Halo: 0 percent done."),
        (progress(RunState.WRITING, 7), "Writing to Halo: 0 percent done."),
        (progress(RunState.WRITING, 6), "Writing to Halo: 25 percent done."),
        (progress(RunState.WRITING, 0), "Writing to Halo: 100 percent done."),
        (progress(RunState.WRITING, 3, waiting_until=SOON), "Waiting for Halo's limit."),
        (progress(RunState.WRITING, 3, waiting_until=SOON, cancelling=True), "Cancelling."),
    ],
)
def test_only_what_matters_is_said_aloud(shown: Progress, said: str) -> None:
    assert shown.announcement == said


def test_a_page_is_out_of_date_when_a_run_begins_is_planned_or_ends() -> None:
    versions = [version_of(RUN, state) for state in RunState]
    assert len(set(versions)) == len(RunState) - 2  # queued, reading and planning look the same


def cost(cycle: str | None, before: str, after: str) -> Cost:
    return Cost(cycle, Decimal(before), Decimal(after))


def total(cycle: str | None, before: str, after: str) -> CycleCost:
    made = {"before": Decimal(before), "after": Decimal(after), "change": Decimal(after) - Decimal(before)}
    return CycleCost(billing_cycle=cycle, currency="AUD", before_currency="AUD", **made)


@given(
    parts=st.lists(st.tuples(st.decimals(0, 100, places=4), st.decimals(0, 100, places=4)), min_size=3, max_size=3),
    alone=st.decimals(0, 100, places=4),
)
def test_the_parts_add_up_to_the_shown_total_whatever_was_rounded(
    parts: list[tuple[Decimal, Decimal]], alone: Decimal
) -> None:
    kinds = (PreviewKind.CREATED, PreviewKind.UPDATED, PreviewKind.REMOVED)
    cent = Decimal("0.01")
    before, after = ((alone + sum(part[place] for part in parts)).quantize(cent, ROUND_HALF_UP) for place in range(2))
    costs = {kind: [Cost("Monthly", *part)] for kind, part in zip(kinds, parts, strict=True)}
    [row] = money_rows([total("Monthly", str(before), str(after))], costs)
    shown = (row.created, row.updated, row.removed)
    assert row.total.before + sum(shown) == row.total.after
    for amount, (was, becomes) in zip(shown, parts, strict=True):
        assert abs(amount - (becomes - was)) <= cent * 3 / 2
        assert amount == amount.quantize(cent)


def test_a_total_that_is_wrong_is_not_hidden() -> None:
    [row] = money_rows([total("Monthly", "0", "9")], {PreviewKind.CREATED: [cost("Monthly", "0", "5")]})
    assert [row.created, row.updated, row.removed] == [Decimal("5.01"), 0, 0]


def test_money_adds_up_within_a_cycle_and_never_across() -> None:
    rows = money_rows(
        [total(None, "5", "0"), total("Yearly", "0", "120"), total("Monthly", "81", "56")],
        {
            PreviewKind.CREATED: [cost("Yearly", "0", "120")],
            PreviewKind.UPDATED: [cost(None, "5", "0"), cost("Monthly", "10", "15")],
            PreviewKind.REMOVED: [cost("Monthly", "30", "0")],
            PreviewKind.HELD: [cost("Monthly", "40", "40")],
        },
    )
    assert [row.total.billing_cycle for row in rows] == ["Monthly", "Yearly", None]
    assert [rows[0].created, rows[0].updated, rows[0].removed, rows[0].held] == [0, 5, -30, -40]
    for row in rows:
        assert row.total.before + row.created + row.updated + row.removed == row.total.after
