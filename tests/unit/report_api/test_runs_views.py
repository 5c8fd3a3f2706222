"""A licence before and after as the table of items shows it."""

from dataclasses import replace
from decimal import Decimal

from halosync.domain.model import Action, Outcome
from report_api.runs.item_groups import ItemGroups, by_customer
from report_api.runs.models import Drifted, Item, LicenceShape
from report_api.runs.sentences import OUTCOMES
from report_api.runs.views import FieldChange, ShownItem, field_changes

BEFORE = LicenceShape(quantity=Decimal(1200), price=Decimal("31.5"), billing_cycle="Monthly", active=True)


def change_of(**after: object) -> list[FieldChange]:
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
    assert all(one.is_new and not one.is_gone for one in field_changes(None, BEFORE))
    assert all(one.is_gone and not one.is_new for one in field_changes(BEFORE, None))


def test_without_a_licence_there_is_nothing_to_show() -> None:
    assert field_changes(None, None) == ()


def test_what_somebody_edited_in_halo_is_told_with_what_halosync_wrote() -> None:
    drift = [
        Drifted(field="quantity", we_wrote="1000", halo_has="1200"),
        Drifted(field="active", we_wrote=False, halo_has=True),
    ]
    told = {one.field: one.drift for one in field_changes(BEFORE, BEFORE, drift)}
    assert told == {"Quantity": "1,000", "Price": None, "Billing cycle": None, "Active": "No"}


def shown(customer: str, reason: str | None, before: LicenceShape | None, after: LicenceShape | None) -> ShownItem:
    item = Item(
        item_id=1,
        customer_ids=[customer],
        customer_name=customer,
        halo_client_id=1,
        product_code="P-1",
        licence_name="P-1",
        halo_licence_id=1,
        action=Action.UPDATE,
        outcome=Outcome.HELD,
        reason=reason,
        detail=reason,
        before=before,
        after=after,
        attempts=0,
        item_key="1/P-1",
        undone=None,
        drift=[],
        restores_licence_id=None,
    )
    return ShownItem(item, OUTCOMES[Outcome.HELD], reason, None, ())


def test_a_tick_counts_what_the_change_alters_for_each_billing_cycle() -> None:
    yearly = BEFORE.model_copy(update={"billing_cycle": "Yearly", "quantity": Decimal(2)})
    assert shown("A", None, BEFORE, None).money == [("Monthly", Decimal("-37800.0"))]
    assert shown("A", None, BEFORE, yearly).money == [("Monthly", Decimal("-37800.0")), ("Yearly", Decimal("63.0"))]
    assert shown("A", None, None, BEFORE.model_copy(update={"active": False})).money == []
    assert shown("A", None, BEFORE, BEFORE).money == []


def test_what_somebody_deleted_or_moved_is_told_apart() -> None:
    def told(halo_has: str | None) -> str:
        one = shown("A", None, None, BEFORE)
        mark = Drifted(field="licence", we_wrote="5", halo_has=halo_has)
        return replace(one, item=one.item.model_copy(update={"drift": [mark]})).deleted

    assert told(None) == "licence #5 was deleted in Halo"
    assert told("9") == "licence #5 was moved to client #9 in Halo"
    assert shown("A", None, None, BEFORE).deleted == ""


def words(page: ItemGroups) -> list[tuple[str, str]]:
    return [(own.name, own.text) for group in page.groups for own in (page.words(each, group) for each in group.items)]


def grouped(*told: tuple[str, str | None]) -> ItemGroups:
    return by_customer([shown(name, reason, None, None) for name, reason in told])


def test_items_stand_by_customer_and_a_reason_of_several_items_is_said_once() -> None:
    page = grouped(("A", "x"), ("A", None), ("A", "x"), ("B", "y"), ("C", "x"), ("C", "y"))
    assert [(group.name, len(group.items), [each.name for each in group.said]) for group in page.groups] == [
        ("A", 3, ["x"]),
        ("B", 1, []),  # said in its own row
        ("C", 2, []),
    ]
    nothing = ("", "")  # one stands above, and has no need to be named
    assert words(page) == [nothing, nothing, nothing, ("y", "y"), ("x", "x"), ("y", "y")]
    assert page.shared.above == []


def test_where_several_reasons_stand_at_a_customer_a_row_names_its_own() -> None:
    page = grouped(*(("A", reason) for reason in ("x", "x", "y", "y", None, "z")))
    assert [each.name for each in page.groups[0].said] == ["x", "y"]
    assert words(page) == [("x", ""), ("x", ""), ("y", ""), ("y", ""), ("", ""), ("z", "z")]


def test_a_reason_of_several_customers_is_said_once_for_the_page() -> None:
    page = grouped(("A", "x"), ("B", None), ("B", "x"), ("B", "x"), ("C", "x"))
    assert [(each.name, each.text) for each in page.shared.above] == [("x", "x")]
    assert [group.said for group in page.groups] == [[], [], []]
    assert not page.rows_tell
    assert grouped(("A", "x"), ("B", None), ("C", "x")).shared.above == []


def test_of_several_reasons_above_the_page_a_row_names_its_own() -> None:
    page = grouped(*((name, reason) for name in "ABC" for reason in "xy"))
    assert [each.name for each in page.shared.above] == ["x", "y"]
    assert words(page) == [("x", ""), ("y", "")] * 3
