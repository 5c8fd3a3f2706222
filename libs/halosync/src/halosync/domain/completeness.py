"""When a read of a list is complete, and when it can no longer be (halo-api section 2).

The size of a page is Halo's own affair, so the number of pages is never computed. A list is complete when as many
distinct rows were received as Halo says there are.
"""


class IncompleteReadError(ValueError):
    """The pages of a list contradict each other: what was read is not the list (spec section 5.4)."""


def rows_after_page(*, record_count: int, first_record_count: int | None, rows_before: int, new_rows: int) -> int:
    """Return how many distinct rows of the list are known after a page.

    Args:
        record_count: what this page says of the whole list.
        first_record_count: what the first page said; None if this is the first.
        rows_before: distinct rows known before this page.
        new_rows: rows of this page that were not known.

    Raises:
        IncompleteReadError: the count changed, the page brought nothing new although rows are missing, or there are
            more rows than Halo says.
    """
    if first_record_count is not None and record_count != first_record_count:
        raise IncompleteReadError(f"Halo said {first_record_count} rows, and on a later page {record_count}")
    rows = rows_before + new_rows
    if rows > record_count:
        raise IncompleteReadError(f"Halo said {record_count} rows and sent {rows}")
    if rows < record_count and new_rows == 0:
        raise IncompleteReadError(f"Halo said {record_count} rows and sent {rows}")
    return rows
