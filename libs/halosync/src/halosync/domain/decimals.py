"""How decimals are compared with what Halo holds (spec section 3, "Money and quantities")."""

from decimal import Decimal


def same_on_wire(desired: Decimal | None, observed: Decimal | None) -> bool:
    """Tell whether sending `desired` would leave Halo's `observed` as it is. Unset (None) is not zero.

    Halo holds the nearest double (halo-api section 3). Without this a value that no double can hold would be an update
    in every run.
    """
    if desired is None or observed is None:
        return desired is observed
    return desired == observed or float(desired) == float(observed)


def plain(value: Decimal) -> str:
    """Return `value` for a sentence: no exponent."""
    return f"{value:f}"


def price_text(value: Decimal) -> str:
    """Return a price for a sentence as tables show it: 31.5 and 31.500 are 31.50; 0.0305 stays as it is."""
    digits = -int(value.normalize().as_tuple().exponent)
    return f"{value:.{max(digits, 2)}f}"


def percent(fraction: Decimal) -> str:
    """Return a fraction as a percentage without trailing zeros: 0.25 is 25."""
    return plain((fraction * 100).normalize())
