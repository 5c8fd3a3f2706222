"""Numbers of lines in a run that is for several invoices (spec section 9, "Which invoice")."""

MOST_LINES = 1_000_000
"""No invoice has more lines (`halosync.contracts.invoice_checks.MOST_LINES`)."""


def line_offset(place: int) -> int:
    """Return what a run adds to the numbers of the lines of its invoice at `place`, 0 for the first."""
    return place * MOST_LINES


def line_name(line_no: int) -> str:
    """Return what people call a line of a run: its number, and of which invoice it is if that is not the first."""
    place, number = divmod(line_no - 1, MOST_LINES)
    return f"{number + 1}" if place == 0 else f"{number + 1} (invoice {place + 1})"
