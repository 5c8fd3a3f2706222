"""A customer: what it is billed against what Halo holds, line by line; its client; its months (spec section 11)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Query, Request, Response
from halosync.domain.names import name_key
from halosync.domain.natural_order import NaturalKey, natural_key
from halosync.ports.customers import CustomerLine, CustomerMonth
from halosync.ports.halo_licences import HaloLicence
from halosync.ports.links import CustomerPicture
from halosync.ports.months import MonthItem
from pydantic import AfterValidator

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.history.actors import actor_name
from report_api.links.customers import CUSTOMERS, CustomerRow, row_of
from report_api.months import sentences as month_sentences
from report_api.months.together import rows_alike
from report_api.ports import Ports, PortsHere
from report_api.runs import sentences
from report_api.runs.sentences import requester
from report_api.settings.service import stored_settings
from report_api.web.addresses import partner_url
from report_api.web.fields import QueryText
from report_api.web.paging import NumberedPage, PageNumber, Rows, rows_of
from report_api.web.problems import not_found
from report_api.web.rendering import page
from report_api.web.sorting import Sorts

router = partner_pages()

MOST_THINGS = 5_000
"""A customer with more products than that is no customer; the report has its lines."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What a customer is billed for: the row of the month, its lines, and its licence in Halo, where one is known."""

    row: MonthItem
    lines: Sequence[CustomerLine]
    licence: HaloLicence | None


SORTS: Sorts[Thing] = Sorts(
    usual=lambda each: each.row.difference == 0,  # what differs stands first
    by={
        "product": lambda each: natural_key(_about(each.row)),
        "billed": lambda each: each.row.billed,
        "in_halo": lambda each: each.row.in_halo,
        "difference": lambda each: abs(each.row.difference),
    },
    then=None,  # they come by product
)

Sort = Annotated[str, Query(description="By what the products are sorted."), AfterValidator(SORTS.known)]
CustomerId = Annotated[QueryText, Path(max_length=500)]
Period = Annotated[str, Query(max_length=7)]


@router.get("/customer/{customer_id:path}")
async def show(
    *,
    request: Request,
    visitor: VisitorHere,
    ports: PortsHere,
    customer_id: CustomerId,
    period: Period = "",
    sort: Sort = "",
    rows: Rows = "",
    number: PageNumber = 1,
) -> Response:
    """Show a customer in a month; without one, in the newest that bills it."""
    partner_id = visitor.partner_id
    months = await ports.customer_views.months(partner_id, customer_id)
    linked = await ports.customer_links.picture(partner_id)
    if not months and customer_id not in linked.keys:
        raise not_found("No invoice of the last twelve months has this customer, and nothing is stored of it.")
    wanted = period or next((each.period for each in months), "")
    month = await ports.months.month(partner_id, wanted) if wanted else None
    things = [] if month is None else await _things(ports, partner_id, wanted, customer_id)
    client = _row(linked, customer_id, months)
    here = partner_url(partner_id, "customer", customer_id)
    things = SORTS.sorted(things, sort)
    listing = NumberedPage(here, {"period": period, "sort": sort, "rows": rows}, number, rows_of(rows), len(things))
    return page(
        request,
        "history/customer.html",
        tab="customers",
        customer_id=customer_id,
        name=client.called,
        client=client,
        read_at=linked.read_at,
        halo_url=_in_halo(ports, visitor.partner.tenant, client),
        month=month,
        months=months,
        totals=_totals(things),
        together=rows_alike([thing.row for thing in things]) if len(things) < MOST_THINGS else [],
        things=things[listing.skip : listing.skip + listing.size],
        price_field=(await stored_settings(ports, partner_id)).price_field,
        listing=listing,
        sort=sort,
        acts=await ports.customer_views.link_acts(partner_id, customer_id),
        who=actor_name,
        person=requester,
        label=month_sentences.label,
        kinds=sentences.KINDS,
        here=here,
    )


async def _things(ports: Ports, partner_id: str, period: str, customer_id: str) -> list[Thing]:
    """Return what a customer is billed for, what differs first, then by product."""
    rows = await ports.months.items(partner_id, period, customer_id=customer_id, most=MOST_THINGS)
    lines = await ports.customer_views.lines(partner_id, period, customer_id)
    ids = {row.halo_licence_id for row in rows if row.halo_licence_id is not None}
    licences = await ports.halo_licences.of_ids(partner_id, ids)
    of_item: dict[object, list[CustomerLine]] = defaultdict(list)
    for line in lines:
        of_item[_thing(line.item_id, line.product_code)].append(line)
    with_lines = {_thing(row.item_id, row.product_code) for row in rows if row.lines}
    things, told = [], set()
    for row in sorted(rows, key=_what_differs_first):
        key = _thing(row.item_id, row.product_code)
        # A thing with two billing cycles, the invoice's and Halo's, has two rows; its lines are told once.
        own = [] if key in told or (key in with_lines and not row.lines) else of_item[key]
        told |= {key} if own else set()
        licence = None if row.halo_licence_id is None else licences.get(row.halo_licence_id)
        things.append(Thing(row, own, licence))
    return things


def _what_differs_first(row: MonthItem) -> tuple[bool, NaturalKey]:
    return row.difference == 0, natural_key(_about(row))


def _about(row: MonthItem) -> str:
    return row.product_code or row.licence_name or ""


def _thing(item_id: int | None, product_code: str | None) -> object:
    return item_id if item_id is not None else name_key(product_code or "")


def _totals(things: Sequence[Thing]) -> Mapping[str, Sequence[MonthItem]]:
    """Return the rows by billing cycle, as the first of them spells it."""
    called: dict[str, str] = {}
    totals: dict[str, list[MonthItem]] = defaultdict(list)
    for thing in things:
        if thing.row.billed or thing.row.in_halo:
            cycle = called.setdefault(thing.row.cycle_key, thing.row.billing_cycle or "")
            totals[cycle].append(thing.row)
    return totals


def _row(picture: CustomerPicture, customer_id: str, months: Sequence[CustomerMonth]) -> CustomerRow:
    """Return how the customer is matched now; one that only an older invoice has is called as that has it."""
    if (row := row_of(picture, customer_id)) is not None:
        return row
    name = next((each.customer_name for each in months), customer_id)
    return CustomerRow(customer_id, None, name, CUSTOMERS.no_link, matched_by=None, target_name=None)


def _in_halo(ports: Ports, tenant: str | None, client: CustomerRow) -> str | None:
    if tenant is None or client.target_id is None:
        return None
    return ports.halo_hosts.client_page(tenant, client.target_id)
