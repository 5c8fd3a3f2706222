"""What Halo keeps, and what it made of what it was asked for (spec section 9)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from halosync.domain.model import Action, Client, KeptOtherwise, LicenceState, Outcome, Reason, Removal, WrittenLicence
from halosync.domain.plan import PlanInput, PlannedItem, PlanSettings
from halosync.domain.planning import make_plan
from halosync.domain.verification import Difference, KeptField, as_kept, differences, kept_to_the_cent, same_wish
from halosync.domain.write_sentences import kept_under_another_name, not_kept
from hypothesis import given
from hypothesis import strategies as st

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


# Plans


def only(**changes: Any) -> PlannedItem:
    plain = PlanInput([line()], [Client(7, "Contoso")], [], settings=PlanSettings(delete_guard=None))
    [item] = make_plan(replace(plain, **changes)).items
    return item


def items(**changes: Any) -> list[PlannedItem]:
    plain = PlanInput([line()], [Client(7, "Contoso")], [], settings=PlanSettings(delete_guard=None))
    return make_plan(replace(plain, **changes)).items


RENAMED = licence(name="MS&amp;365")
BY_HALO = WrittenLicence("MS-365", "MS-365", "MS&amp;365")
BY_A_PERSON = WrittenLicence("MS-365")


def test_a_name_that_halo_made_of_ours_is_left_and_nothing_is_created() -> None:
    item = only(licences=[RENAMED], written={1: BY_HALO})
    assert (item.action, item.outcome, item.halo_licence_id) == (Action.UNCHANGED, Outcome.SYNCED, 1)
    assert item.licence_name == "MS&amp;365"
    changed = only(lines=[line(quantity=Decimal(13))], licences=[RENAMED], written={1: BY_HALO})
    assert (changed.action, changed.set_name, changed.halo_licence_id) == (Action.UPDATE, None, 1)


def test_a_licence_of_ours_that_a_person_renamed_gets_its_name_back() -> None:
    item = only(licences=[licence(name="Theirs")], written={1: BY_A_PERSON})
    assert (item.action, item.set_name, item.halo_licence_id) == (Action.UPDATE, "MS-365", 1)
    assert item.was is not None, "an undo gives it back its name"
    assert item.was.name == "Theirs"
    assert only(licences=[licence(quantity=Decimal(9))]).was is None
    linked = only(licences=[licence(name="Theirs")], written={1: BY_A_PERSON}, product_links={"MS-365": "Office"})
    assert (linked.action, linked.set_name, linked.halo_licence_id) == (Action.UPDATE, "Office", 1)


@pytest.mark.parametrize("written", [BY_HALO, BY_A_PERSON])
def test_a_licence_of_the_very_name_goes_before_one_that_is_known(written: WrittenLicence) -> None:
    of_client = [RENAMED, licence(2)]
    unchanged, cleaned_up = items(licences=of_client, written={1: written})
    assert (unchanged.halo_licence_id, unchanged.action) == (2, Action.UNCHANGED)
    assert (cleaned_up.halo_licence_id, cleaned_up.action) == (1, Action.DELETE)


@pytest.mark.parametrize(
    "written", [BY_A_PERSON, WrittenLicence("MS-365", "MS-365", "MS 365"), WrittenLicence(None, "MS-365", "MS 365")]
)
def test_a_licence_that_a_person_called_after_another_product_is_that_products(written: WrittenLicence) -> None:
    lines = [line(), line(2, product_code="AV-1")]
    other, create = items(lines=lines, licences=[licence(name="AV-1")], written={1: written})
    assert (other.product_code, other.halo_licence_id, other.action) == ("AV-1", 1, Action.UNCHANGED)
    assert (create.product_code, create.action) == ("MS-365", Action.CREATE)


def test_two_names_that_halo_cuts_to_one_stay_two_licences() -> None:
    lines = [line(product_code="LONG-A"), line(2, product_code="LONG-B"), line(3, product_code="LONG")]
    licences = [licence(number, name="LONG") for number in (1, 2, 3)]
    written = {1: WrittenLicence("LONG-A", "LONG-A", "LONG"), 2: WrittenLicence("LONG-B", "LONG-B", "LONG")}
    found = {item.product_code: item for item in items(lines=lines, licences=licences, written=written)}
    assert {code: item.halo_licence_id for code, item in found.items()} == {"LONG-A": 1, "LONG-B": 2, "LONG": 3}
    assert {item.action for item in found.values()} == {Action.UNCHANGED}


def test_the_licence_of_a_product_that_is_gone_is_cleaned_up_whatever_halo_calls_it() -> None:
    licences = [licence(1, name="LONG"), licence(3, name="LONG")]
    kept, gone = items(
        lines=[line(product_code="LONG")],
        licences=licences,
        written={1: WrittenLicence("LONG-A", "LONG-A", "LONG"), 3: WrittenLicence("LONG")},
    )
    assert (kept.halo_licence_id, kept.action) == (3, Action.UNCHANGED)
    assert (gone.halo_licence_id, gone.action) == (1, Action.DELETE)


def test_what_was_written_for_a_product_that_left_goes_by_its_own_name() -> None:
    [created, cleaned_up] = items(
        lines=[line(product_code="AV-1")], licences=[licence(name="Theirs")], written={1: BY_A_PERSON}
    )
    assert (created.action, cleaned_up.action, cleaned_up.halo_licence_id) == (Action.CREATE, Action.DELETE, 1)


@pytest.mark.parametrize("links", [{}, {"R&D": "r&d"}])
def test_a_name_that_halo_escaped_is_known_although_nobody_could_look_up_the_create(links: dict[str, str]) -> None:
    of_halo, lines = licence(name="R&amp;D"), [line(product_code="R&D")]
    item = only(lines=lines, licences=[of_halo], product_links=links)
    assert (item.action, item.halo_licence_id, item.licence_name) == (Action.UNCHANGED, 1, "R&amp;D")
    changed = only(lines=[line(product_code="R&D", quantity=Decimal(13))], licences=[of_halo])
    assert (changed.action, changed.set_name, changed.halo_licence_id) == (Action.UPDATE, None, 1)
    very_name, cleaned_up = items(lines=lines, licences=[of_halo, licence(2, name="R&D")])
    assert (very_name.halo_licence_id, cleaned_up.halo_licence_id) == (2, 1)
    literal, create = items(lines=[*lines, line(2, product_code="R&amp;D")], licences=[of_halo])
    assert (literal.product_code, literal.halo_licence_id, create.action) == ("R&amp;D", 1, Action.CREATE)


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
