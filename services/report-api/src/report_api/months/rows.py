"""The rows behind one sum of the month page, sorted and page by page (spec section 11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from halosync.domain.natural_order import natural_key
from halosync.ports.months import MonthItem
from pydantic import AfterValidator

from report_api.months import sentences
from report_api.months.together import RowsAlike, rows_alike
from report_api.ports import Ports
from report_api.web.paging import NumberedPage
from report_api.web.sorting import Sorts

MOST_ROWS = 5_000
"""The most rows that are sorted before a page is cut from them: sorting more by name would hold up others' pages."""

A_PAGE = 25
"""The customers stand below them on the same page, which is to stay under 100 kB."""


def _about(row: MonthItem) -> str:
    return row.product_code or row.licence_name or ""


SORTS: Sorts[MonthItem] = Sorts(
    # What differs stands first, then by customer and product.
    usual=lambda row: (row.difference == 0, natural_key(row.customer_name)),
    by={
        "product": lambda row: natural_key(_about(row)),
        "customer": lambda row: natural_key(row.customer_name),
        "cycle": lambda row: natural_key(row.billing_cycle or ""),
        "billed": lambda row: row.billed,
        "in_halo": lambda row: row.in_halo,
        "difference": lambda row: abs(row.difference),
    },
    then=lambda row: (natural_key(_about(row)), natural_key(row.customer_name), row.item_key),
)

RowSort = Annotated[str, Query(description="By what the rows behind a sum are sorted."), AfterValidator(SORTS.known)]
RowPage = Annotated[int, Query(ge=1, le=1_000_000, description="Which page of the rows behind a sum.")]


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A page of the rows behind one sum: of a customer or of a reason."""

    customer_id: str
    reason: str
    rows: Sequence[MonthItem]
    listing: NumberedPage
    sort: str
    are_all: bool
    together: Sequence[RowsAlike]

    @property
    def title(self) -> str:
        """What the rows are of."""
        if self.customer_id:
            return next((row.customer_name for row in self.rows), self.customer_id)
        return sentences.label(self.reason)

    @property
    def list_query(self) -> str:
        """The query of the page that is shown, for the forms on it (`web/forms.py`)."""
        return self.address(self.listing.number).partition("?")[2]

    def address(self, page: int = 1, *, sort: str | None = None) -> str:
        """Return the address of a page of these rows, or of another order of them."""
        return self.listing.url(page, row_sort=self.sort if sort is None else sort)


async def narrowed(
    ports: Ports, partner_id: str, customers: NumberedPage, *, customer: str, reason: str, sort: str, number: int
) -> Narrowed | None:
    """Return a page of the rows behind the sum of a customer or a reason; None where neither is asked for.

    `customers` is the list below on the page: its month, its size and its order stay as they are.
    """
    if not customer and not reason:
        return None
    period = customers.filters["period"] or ""
    found = await ports.months.items(
        partner_id, period, customer_id=customer or None, reason=reason or None, most=MOST_ROWS + 1
    )
    are_all = len(found) <= MOST_ROWS
    found = SORTS.sorted(found[:MOST_ROWS], sort)
    filters = {**customers.filters, "customer": customer, "reason": reason}
    listing = NumberedPage(customers.path, filters, number, A_PAGE, len(found), parameter="rows_page")
    page = found[listing.skip : listing.skip + listing.size]
    shown = {row.customer_id for row in page}
    together = [each for each in rows_alike(found) if each.first.customer_id in shown] if are_all else []
    return Narrowed(customer, reason, page, listing, sort, are_all, together)
