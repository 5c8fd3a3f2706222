"""What the recurring lines of a product want together."""

from decimal import Decimal

from halosync.domain.model import Line, LineKind
from halosync.domain.names import name_key
from halosync.domain.products import Demand, demand_of, products_of

WORDS = {"annual": "Yearly"}


def demand(*lines: tuple[int, str, str]) -> object:
    made = [
        Line(number, "C", "Contoso", "P", LineKind.RECURRING, Decimal(quantity), Decimal(price), cycle)
        for number, (quantity, price, cycle) in enumerate(lines, 1)
    ]
    [product] = products_of(made, name_key)
    return demand_of(product, WORDS)


def test_of_lines_that_bill_nothing_the_first_says_price_and_cycle() -> None:
    assert demand((0, "7", "Annual"), (0, "8", "Monthly")) == Demand(Decimal(0), Decimal(7), "Yearly")


def test_what_costs_nothing_or_little_is_no_negative_price() -> None:
    for price in ("0", "0.5"):
        assert demand((2, price, "Monthly"), (3, price, "Monthly")) == Demand(Decimal(5), Decimal(price), "Monthly")


def test_one_line_that_bills_something_speaks_for_those_that_bill_nothing() -> None:
    assert demand((0, "7", "Monthly"), (2, "8", "Annual")) == Demand(Decimal(2), Decimal(8), "Yearly")
