"""What changes of links would come to, before they are made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from halosync.domain.client_marks import client_mark
from halosync.domain.model import CustomerLink
from halosync.store.link_changes import CustomerChange, ProductChange
from halosync.store.links import CustomerPicture, ProductPicture

from report_api.links.customers import customers
from report_api.links.models import Customer, Product
from report_api.links.products import products

Row = TypeVar("Row", Customer, Product)


@dataclass(frozen=True, slots=True)
class Difference(Generic[Row]):
    """A row as it is and as it would be. `after` None: only its link remembers it, so it would no longer be shown."""

    before: Row
    after: Row | None


def marked(changes: Sequence[CustomerChange], picture: CustomerPicture) -> list[CustomerChange]:
    """Return the changes with the marks of their new clients, which a person is about to be shown."""
    names = {client.id: client.name for client in picture.clients}
    return [
        replace(each, mark=client_mark(picture.tenant, client_id, names[client_id]))
        if (client_id := each.after.halo_client_id) is not None and client_id in names
        else each
        for each in changes
    ]


def preview_customers(changes: Sequence[CustomerChange], picture: CustomerPicture) -> list[Difference[Customer]]:
    """Return each change as the page would show it, in the order of the changes."""
    links = {**picture.links, **{each.customer_id: each.after for each in changes}}
    links = {customer_id: link for customer_id, link in links.items() if link != CustomerLink()}
    before = {each.customer_id: each for each in customers(picture)}
    after = {each.customer_id: each for each in customers(replace(picture, links=links))}
    return [Difference(before[each.customer_id], after.get(each.customer_id)) for each in changes]


def preview_products(changes: Sequence[ProductChange], picture: ProductPicture) -> list[Difference[Product]]:
    """Return each change as the page would show it, in the order of the changes."""
    wanted = {**picture.links, **{each.product_code: each.after for each in changes}}
    links = {code: name for code, name in wanted.items() if name is not None}
    before = {each.product_code: each for each in products(picture)}
    after = {each.product_code: each for each in products(replace(picture, links=links))}
    return [Difference(before[each.product_code], after.get(each.product_code)) for each in changes]
