"""An approval is of one change: whatever differs in it makes it another one (spec section 11)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from devstack.fields import Fields
from halosync.domain.approvals import change_of
from halosync.domain.model import Action, LicenceState, Outcome, Traits
from halosync.domain.plan import PlannedItem

BEFORE, AFTER = (LicenceState(Decimal(number), Decimal(1), "Monthly", active=True) for number in (1, 2))
ITEM = PlannedItem(
    ("C-1",), "Contoso", 7, "MS-365", "Microsoft 365", 1, Action.UPDATE, Outcome.HELD, None, None, BEFORE, AFTER
)


@pytest.mark.parametrize(
    "other",
    [
        {"halo_client_id": 8},
        {"halo_licence_id": 2},
        {"product_code": "AV"},
        {"action": Action.DELETE},
        {"before": AFTER},
        {"after": BEFORE},
        {"set_name": "Microsoft 365"},
        {"licence_name": "M365"},
        {"was": Traits("M365")},
    ],
    ids=",".join,
)
def test_another_value_is_another_change(other: Fields) -> None:
    assert change_of(replace(ITEM, **other)) != change_of(ITEM)


def test_the_name_that_a_renamed_licence_had_is_the_one_that_counts() -> None:
    assert change_of(replace(ITEM, licence_name="new", was=Traits("Microsoft 365"))) == change_of(ITEM)


@pytest.mark.parametrize("same", [{"customer_name": "Fabrikam"}, {"line_nos": (1,)}, {"item_id": 5}])
def test_what_nobody_sees_of_the_licence_does_not_make_it_another(same: Fields) -> None:
    assert change_of(replace(ITEM, **same)) == change_of(ITEM)
