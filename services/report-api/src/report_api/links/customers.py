"""Which client each customer has, as a run would decide it now (spec section 3, "Customers"). Pure functions."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from halosync.domain.matching import Matches, match_customers
from halosync.domain.model import CustomerLink, Kind, Line, Reason
from halosync.domain.names import name_key
from halosync.domain.suggestions import client_suggestions
from halosync.store.links import CustomerPicture

from report_api.links.models import Customer
from report_api.links.suggestions import best

_NO_LINK = CustomerLink()
_ZERO = Decimal(0)
_PROBLEMS: dict[Reason, Literal["customer_not_found", "customer_ambiguous"]] = {
    Reason.CUSTOMER_NOT_FOUND: "customer_not_found",
    Reason.CUSTOMER_AMBIGUOUS: "customer_ambiguous",
}


def customers(picture: CustomerPicture) -> list[Customer]:
    """Return every customer, by name and id, without suggestions."""
    lines = [_line_of(customer_id, name) for customer_id, name in picture.names]
    matches = match_customers(lines, picture.clients, picture.links)
    client_names = {client.id: client.name for client in picture.clients}
    ids = {*matches.names, *picture.links}
    found = [_customer(customer_id, picture, matches, client_names) for customer_id in ids]
    return sorted(found, key=customer_key)


def customer_key(customer: Customer) -> tuple[str, str]:
    """Return what customers are sorted by: the name without regard to case, then the id."""
    return name_key(customer.customer_name or customer.customer_id), customer.customer_id


def link_of(customer: Customer) -> CustomerLink:
    """Return what is stored of a customer: a client that it has by its name is no link."""
    return CustomerLink(customer.halo_client_id if customer.matched_by == "link" else None, customer.excluded)


def is_unmapped(customer: Customer) -> bool:
    """Tell whether a person has to do something before this customer can be synchronised."""
    return not customer.excluded and (customer.halo_client_id is None or customer.problem is not None)


def _customer(customer_id: str, picture: CustomerPicture, matches: Matches, client_names: dict[int, str]) -> Customer:
    link = picture.links.get(customer_id, _NO_LINK)
    client_id, problem, detail = link.halo_client_id, None, None
    if customer_id in matches.client_of:
        client_id = matches.client_of[customer_id]
    elif picture.read_at is not None and customer_id in matches.unmatched:
        unmatched = matches.unmatched[customer_id]
        problem, detail = _PROBLEMS.get(unmatched.reason), unmatched.detail
    matched_by = "link" if link.halo_client_id is not None else "name" if client_id is not None else None
    return Customer(
        customer_id=customer_id,
        customer_name=matches.names.get(customer_id),
        halo_client_id=client_id,
        halo_client_name=None if client_id is None else client_names.get(client_id),
        matched_by=matched_by,
        excluded=link.excluded,
        problem=problem,
        detail=detail,
        suggestions=[],
    )


def with_client_suggestions(page: Sequence[Customer], picture: CustomerPicture) -> list[Customer]:
    """Return the page with suggestions for those without a client. Takes seconds for long lists: use a thread."""
    candidates = client_suggestions(picture.clients)
    return [
        customer.model_copy(update={"suggestions": best(candidates, [customer.customer_name])})
        if is_unmapped(customer)
        else customer
        for customer in page
    ]


def _line_of(customer_id: str, customer_name: str) -> Line:
    # Matching looks at the customer of a line and at nothing else of it.
    return Line(0, customer_id, customer_name, "", Kind.RECURRING, _ZERO, _ZERO, "")
