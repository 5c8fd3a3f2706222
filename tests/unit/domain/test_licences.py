"""Which prices of a licence that comes back go beside the one of the partner's setting."""

from decimal import Decimal

import pytest
from halosync.domain.licences import other_prices
from halosync.domain.model import PriceField

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
