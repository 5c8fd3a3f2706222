"""What texts of a fixed form look like. What is said of one that does not fit: `complaints`."""

PERIOD = r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"
"""A month, such as 2026-11."""

ITEM_KEY = r"^[0-9a-f]{32}$"
"""What names the same thing in every run of a month (spec section 11)."""

COUNTRY = r"^[A-Z]{2}$"
"""ISO 3166-1, such as AU."""

CURRENCY = r"^[A-Z]{3}$"
"""ISO 4217, such as AUD."""
