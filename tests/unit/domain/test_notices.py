from datetime import date, timedelta

import pytest
from devstack.fields import Fields
from halosync.domain.notice_sentences import TITLES, letter
from halosync.domain.notices import (
    MOST_REST_S,
    PAUSES_S,
    NoticeType,
    news_of_run,
    overdue,
    pause_s,
    rest_s,
)
from hypothesis import given
from hypothesis import strategies as st

DAY_S = 86_400
STATES = {NoticeType.ITEMS_HELD: "held", NoticeType.REVIEW_NEEDED: ""}
RUN: Fields = {
    "partner_id": "acme-msp",
    "run_id": "r",
    "invoice_id": "INV-1",
    "revision": 2,
    "mode": "apply",
    "state": "partial",
    "counters": {
        **dict.fromkeys(("created", "updated", "deleted", "unchanged", "skipped", "failed"), 0),
        "total": 4,
        "held": 4,
    },
    "error": None,
}


def test_a_run_that_holds_items_is_three_changes_of_state() -> None:
    news = news_of_run(RUN, {"delete_guard": 3, "first_review": 1}, STATES)
    assert [(each.type, each.state) for each in news] == [
        (NoticeType.RUN_FINISHED, None),
        (NoticeType.ITEMS_HELD, "held"),
        (NoticeType.REVIEW_NEEDED, ""),
    ]
    about = {"partner_id": "acme-msp", "run_id": "r", "invoice_id": "INV-1", "revision": 2, "mode": "apply"}
    assert news[0].data == RUN
    assert news[1].data == {**about, "held": 3, "reasons": {"delete_guard": 3}}
    assert news[2].data == {**about, "held": 1}


def test_of_an_undo_its_own_words_are_told_and_no_review() -> None:
    undo = {**RUN, "mode": "undo"}
    finished, held = news_of_run(undo, {"delete_guard": 3, "first_review": 1}, STATES)
    assert (held.type, held.state, held.data["held"]) == (NoticeType.ITEMS_HELD, "held", 4)
    assert held.data["reasons"] == {"delete_guard": 3, "first_review": 1}
    assert letter(finished.type, finished.data).subject == "An undo has ended"
    for news in (finished, held):
        assert "undo of a Sync of the invoice INV-1" in letter(news.type, news.data).text


def test_a_run_that_holds_nothing_for_the_first_review_says_so() -> None:
    assert news_of_run(RUN, {"delete_guard": 4}, STATES)[2].data["held"] == 0


@pytest.mark.parametrize("mode", ["preview", "undo_preview"])
def test_of_a_preview_nobody_is_told(mode: str) -> None:
    assert news_of_run({**RUN, "mode": mode}, {}, STATES) == []


def test_a_run_without_a_plan_says_nothing_of_what_is_held() -> None:
    failed = {**RUN, "counters": dict.fromkeys(RUN["counters"], 0)}
    assert [each.type for each in news_of_run(failed, {}, STATES)] == [NoticeType.RUN_FINISHED]


def test_a_delivery_is_tried_for_a_day_with_growing_pauses() -> None:
    pauses = [pause_s(attempts) for attempts in range(1, len(PAUSES_S) + 2)]
    assert pauses == [*PAUSES_S, None]
    assert sorted(PAUSES_S) == list(PAUSES_S)
    assert 0.9 * DAY_S < sum(PAUSES_S) <= DAY_S


def test_a_receiver_that_fails_rests_longer_and_longer_but_never_long() -> None:
    assert [rest_s(failures) for failures in (1, 2, 3, 4, 100)] == [5, 30, 120, MOST_REST_S, MOST_REST_S]


LONG_AGO = date(2020, 1, 1)


@pytest.mark.parametrize(
    ("today", "arrived", "expected"),
    [
        # The 5th of November 2026 is a Thursday, so the next business day is the 6th.
        (date(2026, 11, 6), date(2026, 10, 5), None),
        (date(2026, 11, 7), date(2026, 10, 5), date(2026, 11, 5)),
        (date(2026, 11, 7), date(2026, 11, 1), None),
        (date(2026, 11, 7), date(2026, 12, 1), None),
        (date(2026, 11, 7), None, date(2026, 11, 5)),
        # The 5th of December is a Saturday: expected on the 7th, overdue from the 9th; until then November counts.
        (date(2026, 12, 8), date(2026, 11, 5), None),
        (date(2026, 12, 8), date(2026, 10, 5), date(2026, 11, 5)),
        (date(2026, 12, 9), date(2026, 11, 5), date(2026, 12, 7)),
        (date(2027, 1, 2), date(2026, 11, 5), date(2026, 12, 7)),
    ],
)
def test_an_invoice_is_overdue_after_the_next_business_day(
    today: date, arrived: date | None, expected: date | None
) -> None:
    assert overdue(today, LONG_AGO, arrived, 5, None) == expected


def test_holidays_move_the_day_and_the_day_after() -> None:
    # Good Friday is the 3rd of April 2026; Easter Monday the 6th.
    assert overdue(date(2026, 4, 7), LONG_AGO, date(2026, 3, 2), 2, "AU") is None
    assert overdue(date(2026, 4, 8), LONG_AGO, date(2026, 3, 2), 2, "AU") == date(2026, 4, 2)
    assert overdue(date(2026, 4, 9), LONG_AGO, date(2026, 3, 3), 3, "AU") == date(2026, 4, 7)
    # Australia Day 2024 is a Friday: after the Thursday before it, Monday is the next business day.
    assert overdue(date(2024, 1, 30), LONG_AGO, date(2023, 12, 25), 25, "AU") == date(2024, 1, 25)


@pytest.mark.parametrize("since", [date(2026, 11, 6), date(2026, 12, 1), date(2026, 12, 31)])
def test_what_was_expected_before_the_partner_came_is_not_missed(since: date) -> None:
    assert overdue(date(2026, 12, 2), since, None, 5, None) is None


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.integers(1, 28), st.sampled_from([None, "AU", "DE"]))
def test_whoever_gets_nothing_is_told_once_a_month(start: date, day: int, country: str | None) -> None:
    told = {overdue(start + timedelta(days=days), LONG_AGO, None, day, country) for days in range(0, 400, 5)}
    assert None not in told
    assert 13 <= len(told) <= 15


DATA: dict[NoticeType, dict[str, object]] = {
    NoticeType.INVOICE_ACCEPTED: {
        "invoice_id": "INV-1",
        "revision": 1,
        "period": "2026-11",
        "line_count": 1,
        "total": "10",
    },
    NoticeType.RUN_FINISHED: RUN,
    NoticeType.ITEMS_HELD: {"run_id": "r", "invoice_id": "INV-1", "held": 1},
    NoticeType.REVIEW_NEEDED: {"run_id": "r", "invoice_id": "INV-1", "held": 2},
    NoticeType.CONNECTION_LOST: {"problem": "Halo ended it."},
    NoticeType.INVOICE_OVERDUE: {"expected": "2026-11-05"},
    NoticeType.MONTH_CLOSED: {"closed_by": "Ada", "period": "2026-11", "accepted": 1},
}


@pytest.mark.parametrize("kind", NoticeType)
def test_each_notice_has_a_letter(kind: NoticeType) -> None:
    told = letter(kind, DATA[kind])
    assert told.subject == TITLES[kind]
    assert told.text.endswith(".")
    assert not told.page.startswith("/")


def test_a_letter_names_the_currency_of_an_invoice_where_the_event_has_it() -> None:
    told = DATA[NoticeType.INVOICE_ACCEPTED]
    assert "1 line, 10 in all." in letter(NoticeType.INVOICE_ACCEPTED, told).text
    assert "1 line, AUD 10 in all." in letter(NoticeType.INVOICE_ACCEPTED, {**told, "currency": "AUD"}).text


def test_a_letter_says_why_a_run_failed_and_what_waits() -> None:
    failed = letter(NoticeType.RUN_FINISHED, {**RUN, "state": "failed", "error": "Halo was away."})
    assert failed.text.endswith("failed. Halo was away. 4 held.")
    partly = letter(NoticeType.RUN_FINISHED, RUN)
    assert partly.text.endswith("is partly done: 4 wait for approval. Nothing was changed.")
    most = letter(NoticeType.RUN_FINISHED, {**RUN, "counters": {**RUN["counters"], "created": 2, "skipped": 1}})
    assert most.text.endswith("is partly done: 4 wait for approval. 2 created, 1 skipped."), (
        "each number once, no zeros"
    )
    both = letter(NoticeType.RUN_FINISHED, {**RUN, "counters": {**RUN["counters"], "held": 1, "failed": 1200}})
    assert "is partly done: 1,200 failed and 1 waits for approval." in both.text
    assert "has ended: lost." in letter(NoticeType.RUN_FINISHED, {**RUN, "state": "lost"}).text
    assert letter(NoticeType.ITEMS_HELD, {**DATA[NoticeType.ITEMS_HELD], "held": 1200}).text.startswith("1,200 changes")


def test_a_partner_of_the_day_itself_is_told_and_one_of_the_day_after_is_not() -> None:
    due = date(2026, 11, 5)
    assert overdue(date(2026, 11, 12), due, None, 5, None) == due
    assert overdue(date(2026, 11, 12), date(2026, 11, 6), None, 5, None) is None


def test_the_month_before_counts_from_january_to_december() -> None:
    for month in range(1, 13):
        today, before = date(2026, month, 2), date(2026, month, 1).replace(day=1)
        expected = overdue(today, LONG_AGO, None, 10, None)
        assert expected is not None
        assert (before - expected).days in range(15, 25)
