"""Which client a customer and which licence name a product has, as a run would decide it now. Pure functions."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal

from halosync.domain.matching import Matches, match_customers
from halosync.domain.model import CustomerLink, Kind, Line, Reason
from halosync.domain.names import name_key
from halosync.domain.suggestions import Suggestions, client_suggestions, licence_name_suggestions
from halosync.store.links import CustomerPicture, ProductPicture

from report_api.models.mapping import Customer, Product, Suggestion

_NO_LINK = CustomerLink()
_SUGGESTED = 5
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
        customer.model_copy(update={"suggestions": _best(candidates, [customer.customer_name])})
        if is_unmapped(customer)
        else customer
        for customer in page
    ]


def products(picture: ProductPicture) -> list[Product]:
    """Return every product, by code, without suggestions."""
    in_halo = {name_key(name): name for name in sorted(picture.licence_names, reverse=True)}
    found = []
    for code in sorted({*picture.names, *picture.links}):
        linked, named = picture.links.get(code), in_halo.get(name_key(code))
        found.append(
            Product(
                product_code=code,
                product_name=picture.names.get(code),
                licence_name=linked or named,
                matched_by="link" if linked else "name" if named else None,
                suggestions=[],
            )
        )
    return found


def with_name_suggestions(page: Sequence[Product], picture: ProductPicture) -> list[Product]:
    """Return the page with suggestions for those without a licence name, as like the code or the product's name."""
    candidates = licence_name_suggestions(picture.licence_names)
    return [
        product.model_copy(update={"suggestions": _best(candidates, [product.product_code, product.product_name])})
        if product.matched_by is None
        else product
        for product in page
    ]


def _best(candidates: Suggestions, names: Iterable[str | None]) -> list[Suggestion]:
    scores: dict[tuple[int | None, str], int] = {}
    for name in names:
        for found in candidates.best(name, limit=_SUGGESTED) if name else ():
            key = (found.id, found.name)
            scores[key] = max(found.score, scores.get(key, 0))
    ranked = sorted(scores.items(), key=lambda entry: (-entry[1], entry[0][1], entry[0][0] or 0))
    return [Suggestion(id=number, name=name, score=score) for (number, name), score in ranked[:_SUGGESTED]]


def _line_of(customer_id: str, customer_name: str) -> Line:
    # Matching looks at the customer of a line and at nothing else of it.
    return Line(0, customer_id, customer_name, "", Kind.RECURRING, _ZERO, _ZERO, "")
