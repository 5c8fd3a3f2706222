"""A licence before and after as the table of items shows it."""

from decimal import Decimal
from typing import Any

from report_api.runs.models import LicenceShape
from report_api.runs.views import FieldChange, field_changes

BEFORE = LicenceShape(quantity=Decimal(1200), price=Decimal("31.5"), billing_cycle="Monthly", active=True)


def change_of(**after: Any) -> list[FieldChange]:
    return [one for one in field_changes(BEFORE, BEFORE.model_copy(update=after)) if one.changed]


def test_what_stays_the_same_is_shown_as_such() -> None:
    assert [(one.field, one.before) for one in field_changes(BEFORE, BEFORE)] == [
        ("Quantity", "1,200"),
        ("Price", "31.50"),
        ("Billing cycle", "Monthly"),
        ("Active", "Yes"),
    ]
    assert change_of() == []


def test_only_what_differs_is_changed() -> None:
    assert change_of(quantity=Decimal(3)) == [FieldChange("Quantity", "1,200", "3", changed=True)]
    assert change_of(active=False) == [FieldChange("Active", "Yes", "No", changed=True)]
    assert change_of(price=Decimal("31.500")) == []


def test_unset_is_not_zero() -> None:
    assert change_of(quantity=None) == [FieldChange("Quantity", "1,200", "–", changed=True)]
    assert change_of(billing_cycle=None) == [FieldChange("Billing cycle", "Monthly", "–", changed=True)]


def test_a_licence_that_comes_or_goes_changes_in_every_field() -> None:
    assert [one.before for one in field_changes(None, BEFORE)] == ["–"] * 4
    assert [one.after for one in field_changes(BEFORE, None)] == ["–"] * 4
    assert all(one.changed for one in (*field_changes(None, BEFORE), *field_changes(BEFORE, None)))


def test_without_a_licence_there_is_nothing_to_show() -> None:
    assert field_changes(None, None) == ()
