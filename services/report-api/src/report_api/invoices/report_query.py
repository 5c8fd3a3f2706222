"""What the address of the report page asks for: all of it, so that a view can be linked and loaded again."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from fastapi import Query
from halosync.domain.model import Kind, Outcome
from halosync.store.invoice_report_values import LineChoice, LineSort
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from report_api.web.texts import QueryText

ATTENTION = "attention"
"""The status that stands for every line that needs attention, whatever its outcome."""

_WORDS = ("A to Z", "Z to A")
_AMOUNTS = ("lowest first", "highest first")
_ORDERS: Mapping[LineSort, tuple[str, tuple[str, str]]] = {
    LineSort.CUSTOMER: ("Customer", _WORDS),
    LineSort.PRODUCT: ("Product", _WORDS),
    LineSort.QUANTITY: ("Quantity", _AMOUNTS),
    LineSort.UNIT_PRICE: ("Unit price", _AMOUNTS),
    LineSort.TOTAL: ("Line total", _AMOUNTS),
    LineSort.STATUS: ("Status", ("what needs attention first", "what is done first")),
}
SORTS: Mapping[str, str] = MappingProxyType(
    {
        f"{sign}{sort}": f"{label}, {words[place]}"
        for sort, (label, words) in _ORDERS.items()
        for place, sign in enumerate(("", "-"))
    }
)
"""The orders to choose from: a minus turns an order round."""

DEFAULT_SORT = str(LineSort.CUSTOMER)


def _known_sort(text: str) -> str:
    if text and text not in SORTS:
        raise ValueError(f"is none of {', '.join(SORTS)}")
    return text


class ReportQuery(BaseModel):
    """The query of the report page; an empty text asks for nothing, as an untouched field of a form does.

    Attributes:
        invoice: which invoice, by its id; the newest without.
        status: an outcome, or `ATTENTION`.
        sort: one of `SORTS`.
        page: counted from 1.
    """

    model_config = ConfigDict(extra="ignore")

    invoice: Annotated[QueryText, Field(max_length=200)] = ""
    status: Outcome | Literal["attention", ""] = ""
    kind: Kind | Literal[""] = ""
    cycle: Annotated[QueryText, Field(max_length=200)] = ""
    customer: Annotated[QueryText, Field(max_length=200)] = ""
    q: Annotated[QueryText, Field(max_length=200)] = ""
    sort: Annotated[str, AfterValidator(_known_sort)] = ""
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1

    @property
    def narrowed(self) -> bool:
        """Tell whether not all lines are asked for."""
        return any((self.status, self.kind, self.cycle, self.customer, self.q.strip()))

    @property
    def filters(self) -> Mapping[str, str | None]:
        """Return what stays in the address from page to page."""
        return {
            "invoice": self.invoice,
            "status": self.status,
            "kind": self.kind,
            "cycle": self.cycle,
            "customer": self.customer,
            "q": self.q.strip(),
            "sort": "" if self.sort == DEFAULT_SORT else self.sort,
        }

    @property
    def choice(self) -> LineChoice:
        """Return which lines are asked for, and in which order."""
        return LineChoice(
            outcome=Outcome(self.status) if self.status not in {"", ATTENTION} else None,
            needing_attention=self.status == ATTENTION,
            kind=Kind(self.kind) if self.kind else None,
            customer_id=self.customer or None,
            billing_cycle=self.cycle or None,
            q=self.q.strip() or None,
            sort=LineSort(self.sort.removeprefix("-") or DEFAULT_SORT),
            descending=self.sort.startswith("-"),
        )


Asked = Annotated[ReportQuery, Query()]
"""The query, as an argument of a page."""
