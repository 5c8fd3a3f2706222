"""What Halo keeps, and what it made of what it was asked for (spec section 9)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from halosync.domain.model import Action, KeptOtherwise, LicenceState, Outcome, Reason, Removal, WrittenLicence
from halosync.domain.plan import PlanSettings
from halosync.domain.verification import Difference, KeptField, as_kept, differences, kept_to_the_cent, same_wish
from halosync.domain.write_sentences import kept_under_another_name, not_kept
from hypothesis import given
from hypothesis import strategies as st

from .kept_state import items, only
from .worlds import licence, line

ASKED = LicenceState(Decimal(12), Decimal("31.50"), "Monthly", active=True)
"""What `line()` asks for."""


def state(**changes: Any) -> LicenceState:
    return replace(ASKED, **changes)


@pytest.mark.parametrize(
    ("asked", "kept", "same"),
    [
        ("31.50", "31.5", True),
        ("10.1249", "10.12", True),
        ("10.1251", "10.13", True),
        ("10.125", "10.12", False),
        ("10.125", "10.13", False),
        ("10.124", "10.121", False),
        ("0.0123", "0.01", True),
        ("0.0123", "0.0156", False),
        (None, None, True),
        ("1", None, False),
        (None, "1", False),
    ],
)
def test_a_price_is_kept_to_the_cent(asked: str | None, kept: str | None, same: bool) -> None:
    one, other = (None if text is None else Decimal(text) for text in (asked, kept))
    assert kept_to_the_cent(one, other) is same


@given(st.decimals(min_value=0, max_value=10**6, places=5))
def test_rounding_to_the_cent_is_kept_except_from_the_middle(price: Decimal) -> None:
    rounded = price.quantize(Decimal("0.01"))
    assert kept_to_the_cent(price, rounded) is (abs(price - rounded) < Decimal("0.005"))


@pytest.mark.parametrize(
    ("kept", "fields"),
    [
        (state(), []),
        (state(quantity=Decimal("12.0"), price=Decimal("31.5"), billing_cycle=" MONTHLY "), []),
        (state(quantity=Decimal(0)), [KeptField.QUANTITY]),
        (state(quantity=None), [KeptField.QUANTITY]),
        (state(price=Decimal("31.4")), [KeptField.PRICE]),
        (state(billing_cycle="Yearly"), [KeptField.BILLING_CYCLE]),
        (state(billing_cycle=None), [KeptField.BILLING_CYCLE]),
        (state(active=False), [KeptField.ACTIVITY]),
        (LicenceState(None, None, None, active=False), list(KeptField)[1:5]),
    ],
)
def test_each_field_that_differs_is_named(kept: LicenceState, fields: list[KeptField]) -> None:
    assert [each.field for each in differences(KeptOtherwise(ASKED, kept))] == fields


@pytest.mark.parametrize(
    ("asked", "kept", "fields"),
    [("A", "A", []), ("A", "B", [KeptField.NAME]), (None, "B", []), ("A", None, [KeptField.NAME])],
)
def test_a_name_counts_where_one_was_asked_for(asked: str | None, kept: str | None, fields: list[KeptField]) -> None:
    assert [each.field for each in differences(KeptOtherwise(ASKED, ASKED, asked, kept))] == fields


def test_each_difference_says_what_was_asked_and_what_is_kept() -> None:
    nothing = LicenceState(None, None, None, active=False)
    both_ways = [
        (KeptField.NAME, '"A"', "nothing"),
        (KeptField.QUANTITY, "12", "nothing"),
        (KeptField.PRICE, "31.50", "nothing"),
        (KeptField.BILLING_CYCLE, '"Monthly"', "nothing"),
        (KeptField.ACTIVITY, "active", "inactive"),
    ]
    assert differences(KeptOtherwise(ASKED, ASKED, "A", "B")) == [Difference(KeptField.NAME, '"A"', '"B"')]
    assert differences(KeptOtherwise(ASKED, nothing, "A", None)) == [Difference(*each) for each in both_ways]
    assert differences(KeptOtherwise(nothing, ASKED)) == [Difference(one, c, b) for one, b, c in both_ways[1:]]
    assert differences(KeptOtherwise(None, ASKED)) == [Difference(KeptField.LICENCE, "none", "still there")]


def test_the_sentence_names_field_asked_kept_and_warning() -> None:
    wish = KeptOtherwise(state(quantity=Decimal("0.5")), state(quantity=Decimal(0)), warning="Whole numbers only.")
    sentence = not_kept(differences(wish), wish.warning)
    assert "quantity: asked for 0.5, Halo keeps 0." in sentence
    assert "Halo's warning: Whole numbers only." in sentence
    assert "warning" not in not_kept(differences(wish), None)
    assert "still there" in not_kept(differences(KeptOtherwise(None, ASKED)), None)
    assert '"R&amp;D"' in kept_under_another_name("R&D", "R&amp;D")


def test_a_wish_is_the_same_when_asked_and_kept_are() -> None:
    wish = KeptOtherwise(ASKED, state(quantity=Decimal(0)), None, "MS-365")
    assert same_wish(wish, replace(wish, warning="other words"))
    for other in (
        replace(wish, asked=None),
        replace(wish, asked=state(quantity=Decimal(13))),
        replace(wish, asked=state(price=Decimal(1))),
        replace(wish, asked=state(billing_cycle="Annual")),
        replace(wish, asked=state(active=False)),
        replace(wish, kept=state(quantity=Decimal(1))),
        replace(wish, asked_name="X"),
        replace(wish, kept_name="X"),
    ):
        assert not same_wish(wish, other)
    assert same_wish(replace(wish, asked=None), replace(wish, asked=None))


def test_what_is_kept_is_shown_and_otherwise_what_was_asked_to_the_letter() -> None:
    asked = state(price=Decimal("10.1249"), quantity=Decimal("12.00"))
    assert as_kept(asked, state(price=Decimal("10.12"), billing_cycle="monthly")) == state(
        price=Decimal("10.12"), quantity=Decimal("12.00"), billing_cycle="monthly"
    )
    to_the_letter = as_kept(state(price=Decimal("31.500"), quantity=Decimal("12.00")), ASKED)
    assert (str(to_the_letter.price), str(to_the_letter.quantity)) == ("31.500", "12.00")
    assert as_kept(state(billing_cycle=""), state(billing_cycle=None)).billing_cycle == ""
    assert as_kept(ASKED, state(quantity=Decimal(3), active=False)) == state(quantity=Decimal(3), active=False)


KEPT = state(quantity=Decimal(10))
REFUSED = WrittenLicence("MS-365", otherwise=KeptOtherwise(ASKED, KEPT, None, "MS-365", "No."))


def test_what_halo_did_not_keep_is_not_asked_for_again_while_both_stay_the_same() -> None:
    shown = licence(quantity=Decimal(10))
    item = only(licences=[shown], written={1: REFUSED})
    assert (item.action, item.outcome, item.reason) == (Action.NONE, Outcome.FAILED, Reason.NOT_KEPT)
    assert (item.product_code, item.halo_licence_id) == ("MS-365", 1)
    assert item.detail is not None
    assert "asked for 12, Halo keeps 10" in item.detail
    assert "No." in item.detail
    assert item.before == item.after == state(quantity=Decimal(10), price=Decimal("31.5"))
    other_wish = only(lines=[line(quantity=Decimal(11))], licences=[shown], written={1: REFUSED})
    assert other_wish.action is Action.UPDATE
    shows_another = only(licences=[licence(quantity=Decimal(9))], written={1: REFUSED})
    assert shows_another.action is Action.UPDATE
    small = KeptOtherwise(ASKED, KEPT, None, "ms-365", "No.")  # by now the name is to be written, too
    renames = only(licences=[replace(shown, name="ms-365")], written={1: WrittenLicence("ms-365", otherwise=small)})
    assert (renames.action, renames.set_name) == (Action.UPDATE, "MS-365")
    kept_at_last = only(licences=[licence()], written={1: REFUSED})
    assert kept_at_last.outcome is Outcome.SYNCED


def test_a_price_kept_to_the_cent_is_right_and_not_sent_again() -> None:
    asked, kept = state(price=Decimal("10.1249")), state(price=Decimal("10.12"))
    written = {1: WrittenLicence("MS-365", otherwise=KeptOtherwise(asked, kept, None, "MS-365"))}
    lines, shown = [line(unit_price=Decimal("10.1249"))], [licence(price=Decimal("10.12"))]
    item = only(lines=lines, licences=shown, written=written)
    assert (item.action, item.outcome, item.after) == (Action.UNCHANGED, Outcome.SYNCED, kept)
    assert only(lines=lines, licences=shown).action is Action.UPDATE  # nobody knows yet what Halo makes of it


@pytest.mark.parametrize("removal", Removal)
def test_a_removal_that_halo_ignores_is_not_asked_for_again(removal: Removal) -> None:
    asked = {
        Removal.DELETE: None,
        Removal.DEACTIVATE: state(active=False),
        Removal.ZERO: state(quantity=Decimal(0)),
    }[removal]
    written = {1: WrittenLicence(otherwise=KeptOtherwise(asked, ASKED, None, "MS-365"))}
    settings = PlanSettings(removal=removal, delete_guard=None)
    other = licence(2, name="OLD")
    of_product, of_cleanup = items(
        lines=[line(quantity=Decimal(0))],
        licences=[licence(), other],
        written={**written, 2: replace(written[1], otherwise=KeptOtherwise(asked, ASKED, None, "OLD"))},
        settings=settings,
    )
    assert [of_product.reason, of_cleanup.reason] == [Reason.NOT_KEPT] * 2
    assert [of_product.product_code, of_cleanup.product_code] == ["MS-365", None]
    assert [of_product.halo_licence_id, of_cleanup.halo_licence_id] == [1, 2]
    asked_first = only(lines=[line(quantity=Decimal(0))], licences=[licence()], settings=settings)
    assert (asked_first.action, asked_first.product_code) == (Action.DELETE, "MS-365")
