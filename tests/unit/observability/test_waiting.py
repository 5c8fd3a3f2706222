"""A wait is told at once and once a minute, for each thing and each reason, and memory for it is bounded."""

import pytest
import structlog
from halosync.observability import waiting
from halosync.observability.waiting import Waiting
from structlog.testing import capture_logs

LOG = structlog.get_logger(__name__)


def test_it_is_told_at_once_and_once_a_minute() -> None:
    moments = iter((0.0, 30.0, 59.0, 60.0, 61.0))
    waits = Waiting(LOG, lambda: next(moments))
    with capture_logs() as logs:
        for _ in range(5):
            waits.tell("a permit", why="the budget is used up", wait_s=12.34, run_id=7)
    told = {"log_level": "info", "event": "waits", "waits_for": "a permit", "why": "the budget is used up"}
    assert logs == [told | {"wait_s": 12.3, "run_id": "7"}] * 2


def test_another_thing_or_reason_is_told_by_itself() -> None:
    waits = Waiting(LOG, lambda: 0.0)
    with capture_logs() as logs:
        waits.tell("a permit", why="used up", run_id=7)
        waits.tell("a permit", why="used up", run_id=8)
        waits.tell("a permit", why="Halo answered 429", run_id=7)
        waits.tell("a token", why="used up", run_id=7)
    assert len(logs) == 4


def test_a_turn_that_ends_is_no_wait() -> None:
    with capture_logs() as logs:
        Waiting(LOG).tell("its next turn", why="others are next", wait_s=0.0)
    assert logs == []


@pytest.mark.parametrize("now", [0.0, 100.0])
def test_it_remembers_only_so_many(monkeypatch: pytest.MonkeyPatch, now: float) -> None:
    monkeypatch.setattr(waiting, "MOST", 3)
    at = 0.0
    waits = Waiting(LOG, lambda: at)
    for number in range(3):
        waits.tell("a permit", why="used up", batch_id=number)
    at = now
    waits.tell("a permit", why="used up", batch_id=3)
    assert len(waits._told) == 1
