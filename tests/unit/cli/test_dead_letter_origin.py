"""Where a message died, and why: there is an answer for whatever the headers hold."""

import pytest
from halosync.messaging.dead_letters import origin
from hypothesis import given
from hypothesis import strategies as st

TEXT = st.text(alphabet="q.\0\ud800", max_size=5)
HEADER = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.binary(max_size=4),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["queue", "reason", "count"]), inner),
    max_leaves=6,
)
NAMES = ["halosync-queue", "halosync-reason", "x-death", "x-first-death-queue", "x-first-death-reason"]


@given(st.dictionaries(st.sampled_from(NAMES), HEADER))
def test_there_is_always_an_answer(headers: dict[str, object]) -> None:
    queue, reason = origin(headers)
    assert queue
    assert reason


@pytest.mark.parametrize(
    ("headers", "queue", "word"),
    [
        ({"halosync-queue": "q", "halosync-reason": "line 3", "x-death": [{"queue": "other"}]}, "q", "line 3"),
        ({"x-death": [{"queue": "q", "reason": "delivery_limit"}, {"queue": "older"}]}, "q", "delivery_limit"),
        ({"x-death": [{"queue": "halosync.delay.500ms.v1", "reason": "expired"}, {"queue": "q"}]}, "q", "None"),
        ({"x-first-death-queue": "q", "x-first-death-reason": "maxlen"}, "q", "full"),
        ({}, "unknown", "without"),
    ],
)
def test_the_newest_death_that_was_no_wait_counts(headers: dict[str, object], queue: str, word: str) -> None:
    found, reason = origin(headers)
    assert found == queue
    assert word in reason
