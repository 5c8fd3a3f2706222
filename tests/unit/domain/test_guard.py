"""What keeps a list that shows too little from being believed."""

from dataclasses import replace
from decimal import Decimal

import pytest
from halosync.domain import run_sentences
from halosync.domain.guard import Comparison, hides, hold, shrunk, within_accepted
from halosync.domain.model import Action, Outcome, Reason
from halosync.domain.plan import DeleteGuard

from .plan_items import CREATE

DELETE = replace(CREATE, action=Action.DELETE, halo_licence_id=1)
BELIEVED = Comparison(clients_before=5, clients_now=5, known=40, missing=0, observed=40)


@pytest.mark.parametrize(
    ("known", "missing"),
    [(1, 1), (11, 11), (40, 11), (43, 11), (100, 26)],
)
def test_a_list_that_lacks_everything_or_very_much_hides_something(known: int, missing: int) -> None:
    assert hides(known, missing)


@pytest.mark.parametrize(
    ("known", "missing"),
    [(0, 0), (2, 1), (11, 10), (44, 11), (100, 25)],
)
def test_a_list_that_lacks_a_few_is_believed(known: int, missing: int) -> None:
    assert not hides(known, missing)


def test_removals_are_held_with_their_reason_and_all_else_goes_on() -> None:
    items = [CREATE, DELETE]
    hold(items, [1], "Too many.")
    held = replace(DELETE, outcome=Outcome.HELD, reason=Reason.DELETE_GUARD, detail="Too many.")
    assert items == [CREATE, held]


@pytest.mark.parametrize("clients_before", [1, 5])
def test_a_list_of_clients_that_is_now_empty_is_not_believed(clients_before: int) -> None:
    seen = replace(BELIEVED, clients_before=clients_before, clients_now=0)
    assert shrunk(seen, None) == run_sentences.list_now_empty("clients", clients_before)


@pytest.mark.parametrize("known", [1, 40])
def test_a_list_of_licences_that_is_now_empty_is_not_believed(known: int) -> None:
    seen = replace(BELIEVED, known=known, missing=known, observed=0)
    assert shrunk(seen, None) == run_sentences.list_now_empty("licences", known)


def test_a_list_that_lacks_more_than_the_partners_thresholds_is_not_believed() -> None:
    guard = DeleteGuard(max_count=2, max_fraction=Decimal("0.1"))
    seen = replace(BELIEVED, missing=5, observed=36)
    assert shrunk(seen, guard) == run_sentences.licences_missing(5, 40, 36, guard)
    assert shrunk(seen, None) is None


@pytest.mark.parametrize(("emptied", "whose"), [(1, "a client that had some"), (3, "3 clients that had some")])
def test_a_clients_list_that_is_now_empty_is_not_believed(emptied: int, whose: str) -> None:
    seen = replace(BELIEVED, missing=3, observed=37, emptied=emptied, by_client=True)
    why = shrunk(seen, None)
    assert why == run_sentences.clients_emptied(emptied, 3)
    assert f"no licences of {whose} before: 3 known" in why


def test_where_all_are_in_one_list_a_person_may_have_emptied_one_client_and_no_more() -> None:
    seen = replace(BELIEVED, known=400, missing=60, observed=340, emptied=1)
    assert shrunk(seen, None) is None
    assert shrunk(replace(seen, emptied=2), None) == run_sentences.clients_emptied(2, 60)


def test_many_licences_that_halo_counts_and_shows_nowhere_are_as_if_missing() -> None:
    seen = replace(BELIEVED, known=0, observed=33, by_client=True, unshown=11)
    assert shrunk(seen, None) is None
    assert shrunk(replace(seen, unshown=12), None) == run_sentences.licences_unshown(12, 33, DeleteGuard())
    assert not within_accepted(replace(seen, unshown=12), 11)
    assert within_accepted(replace(seen, unshown=12), 12)


@pytest.mark.parametrize(("seen_before", "accepted"), [(None, False), (0, False), (4, False), (5, True), (6, True)])
def test_a_word_for_a_short_list_is_for_what_was_seen(seen_before: int | None, *, accepted: bool) -> None:
    assert within_accepted(replace(BELIEVED, missing=5), seen_before) is accepted


def test_who_has_seen_nothing_accepts_not_one_missing_licence() -> None:
    assert not within_accepted(replace(BELIEVED, missing=1), None)
