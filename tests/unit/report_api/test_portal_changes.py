"""A licence before and after as the table of items shows it."""

from decimal import Decimal
from typing import Any

from report_api.runs.models import LicenceShape
from report_api.runs.views import Change, changes

BEFORE = LicenceShape(quantity=Decimal(1200), price=Decimal("31.5"), billing_cycle="Monthly", active=True)


def change_of(**after: Any) -> list[Change]:
    return [one for one in changes(BEFORE, BEFORE.model_copy(update=after)) if one.changed]


def test_what_stays_the_same_is_shown_as_such() -> None:
    assert [(one.field, one.before) for one in changes(BEFORE, BEFORE)] == [
        ("Quantity", "1,200"),
        ("Price", "31.50"),
        ("Billing cycle", "Monthly"),
        ("Active", "Yes"),
    ]
    assert change_of() == []


def test_only_what_differs_is_changed() -> None:
    assert change_of(quantity=Decimal(3)) == [Change("Quantity", "1,200", "3", changed=True)]
    assert change_of(active=False) == [Change("Active", "Yes", "No", changed=True)]
    assert change_of(price=Decimal("31.500")) == []


def test_unset_is_not_zero() -> None:
    assert change_of(quantity=None) == [Change("Quantity", "1,200", "–", changed=True)]
    assert change_of(billing_cycle=None) == [Change("Billing cycle", "Monthly", "–", changed=True)]


def test_a_licence_that_comes_or_goes_changes_in_every_field() -> None:
    assert [one.before for one in changes(None, BEFORE)] == ["–"] * 4
    assert [one.after for one in changes(BEFORE, None)] == ["–"] * 4
    assert all(one.changed for one in (*changes(None, BEFORE), *changes(BEFORE, None)))


def test_without_a_licence_there_is_nothing_to_show() -> None:
    assert changes(None, None) == ()
