"""How long a run will take, and when the next invoice comes."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_api.invoices.service import next_invoice
from report_api.runs.progress import Effort, eta_s, requests_left, waits_s

CALM = Effort(remaining=100, done=10, elapsed_s=5.0, in_use=10, allowed=500, window_s=300.0, wait_s=0.0)


def test_with_room_in_the_window_the_pace_decides() -> None:
    assert eta_s(CALM) == 50
    assert eta_s(replace(CALM, done=0, elapsed_s=0.0)) == 50
    assert eta_s(replace(CALM, remaining=0)) == 0


def test_beyond_the_window_the_budget_decides() -> None:
    assert eta_s(replace(CALM, remaining=1490)) == 745  # 490 at once, 1000 at 500 in 300 s is less than the pace
    assert eta_s(replace(CALM, remaining=1490, elapsed_s=0.1)) == 600
    assert eta_s(replace(CALM, remaining=1, in_use=500)) == 1
    assert eta_s(replace(CALM, remaining=1, wait_s=42.0)) == 42


def test_a_window_that_was_used_up_in_a_burst_comes_back_in_bursts() -> None:
    waiting = replace(CALM, done=490, elapsed_s=20.0, in_use=500, wait_s=280.0)
    assert eta_s(replace(waiting, remaining=400)) == 280
    assert eta_s(replace(waiting, remaining=1200)) == 880


@given(
    st.builds(
        Effort,
        remaining=st.integers(0, 100_000),
        done=st.integers(0, 100_000),
        elapsed_s=st.floats(0, 1e6),
        in_use=st.integers(0, 1000),
        allowed=st.integers(1, 1000),
        window_s=st.floats(1, 3600),
        wait_s=st.floats(0, 3600),
    )
)
def test_it_is_never_negative_and_never_below_the_block(effort: Effort) -> None:
    assert eta_s(effort) >= (effort.wait_s if effort.remaining else 0)
    assert requests_left(effort) >= 0


def test_what_may_be_sent_now() -> None:
    assert requests_left(CALM) == 490
    assert requests_left(replace(CALM, in_use=510)) == 0
    assert requests_left(replace(CALM, wait_s=0.1)) == 0


def test_only_a_wait_that_a_person_would_notice_is_told() -> None:
    assert waits_s(CALM) is None
    assert waits_s(replace(CALM, wait_s=0.6)) is None
    assert waits_s(replace(CALM, wait_s=42.0)) == 42.0


@pytest.mark.parametrize(
    ("today", "newest", "expected"),
    [
        (date(2026, 11, 1), None, date(2026, 11, 5)),
        (date(2026, 11, 5), None, date(2026, 11, 5)),
        (date(2026, 11, 5), date(2026, 10, 5), date(2026, 11, 5)),
        (date(2026, 11, 5), date(2026, 11, 5), date(2026, 12, 7)),
        (date(2026, 11, 4), date(2026, 11, 3), date(2026, 12, 7)),
        (date(2026, 11, 20), date(2026, 11, 19), date(2026, 12, 7)),
        (date(2026, 12, 5), date(2026, 11, 5), date(2026, 12, 7)),
    ],
)
def test_the_next_invoice(today: date, newest: date | None, expected: date) -> None:
    assert next_invoice(today, newest, 5, None) == expected
