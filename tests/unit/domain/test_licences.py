"""Which prices of a licence that comes back go beside the one of the partner's setting."""

from decimal import Decimal

import pytest
from halosync.domain.licences import desired_state, holds, other_prices, same_state
from halosync.domain.model import LicenceState, PriceField
from halosync.domain.products import Demand

ONE, OTHER = Decimal(1), Decimal(2)


@pytest.mark.parametrize(
    ("field", "other", "sent"),
    [
        (PriceField.PRICE, OTHER, {PriceField.PURCHASE_PRICE: OTHER}),
        (PriceField.PURCHASE_PRICE, OTHER, {PriceField.PRICE: OTHER}),
        (PriceField.NONE, OTHER, {PriceField.PRICE: ONE, PriceField.PURCHASE_PRICE: OTHER}),
        (PriceField.PRICE, None, {}),
    ],
)
def test_a_create_gives_back_the_prices_that_the_setting_does_not_name(
    field: PriceField, other: Decimal | None, sent: dict[PriceField, Decimal]
) -> None:
    assert other_prices(field, ONE, other) == sent


@pytest.mark.parametrize(
    ("demand", "field", "held"),
    [
        (Demand(ONE, OTHER, " monthly"), PriceField.PRICE, True),
        (Demand(OTHER, OTHER, "Monthly"), PriceField.PRICE, False),
        (Demand(ONE, ONE, "Monthly"), PriceField.PRICE, False),
        (Demand(ONE, ONE, "Monthly"), PriceField.NONE, True),
        (Demand(ONE, OTHER, "Annual"), PriceField.PRICE, False),
    ],
)
def test_what_halo_holds_is_told_without_the_state_that_would_be_asked_for(
    demand: Demand, field: PriceField, held: bool
) -> None:
    for active in (True, False):
        observed = LicenceState(ONE, OTHER, "Monthly", active)
        assert holds(observed, demand, field) is (held and active)
        assert same_state(desired_state(demand, observed, field), observed) is (held and active)
