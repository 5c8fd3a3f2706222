"""Accepting suggestions in bulk: exactly what a person looked at and ticked is linked, each row judged by itself.

The form sends pairs, not "all suggestions", so nothing is linked that was not on the person's screen. A row that no
longer holds stays as it is and is named with its reason, and the others are linked: each pair is right or wrong for
itself, and whoever ticked fifty should not tick forty-nine of them again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import quote, unquote

from halosync.domain.model import CustomerLink
from halosync.store.link_changes import CustomerChange, ProductChange
from halosync.store.links import CustomerPicture, ProductPicture

from report_api.links import sentences as wording
from report_api.links.client_ids import Choice, client_choice, read_client_choice
from report_api.links.customers import customers, is_unmapped
from report_api.links.products import products

Change = TypeVar("Change", CustomerChange, ProductChange)


class NotAPairError(ValueError):
    """A form sent something that no page of ours has in it."""


@dataclass(frozen=True, slots=True)
class Judged(Generic[Change]):
    """The changes to make, and a sentence for each row that stays as it is."""

    changes: Sequence[Change]
    refusals: Sequence[str]


def customer_pair(customer_id: str, halo_client_id: int, mark: str) -> str:
    """Return the value of the tick box that links the customer to the client, which is shown now with this mark."""
    return f"{quote(customer_id, safe='')}:{client_choice(halo_client_id, mark)}"


def product_pair(product_code: str, licence_name: str) -> str:
    """Return the value of the tick box that links the product to the licence name."""
    return f"{quote(product_code, safe='')}:{quote(licence_name, safe='')}"


def judge_customers(values: Iterable[str], picture: CustomerPicture) -> Judged[CustomerChange]:
    """Return what the ticked pairs come to now.

    Raises:
        NotAPairError: a value is none that `customer_pair` makes.
    """
    ticked: dict[str, set[Choice]] = {}
    for value in values:
        customer_id, _, text = value.partition(":")
        choice = read_client_choice(text)
        if choice is None:
            raise NotAPairError(value)
        ticked.setdefault(_unquoted(customer_id), set()).add(choice)
    known = {customer.customer_id: customer for customer in customers(picture)}
    present = {client.id for client in picture.clients}
    changes, refusals = [], []
    for customer_id, clients in ticked.items():
        customer = known.get(customer_id)
        name = (customer and customer.customer_name) or customer_id
        client_id, mark = min(clients)
        if customer is None:
            refusals.append(wording.no_longer_billed(name))
        elif len(clients) > 1:
            refusals.append(wording.ticked_twice(name, "client"))
        elif not is_unmapped(customer):
            refusals.append(wording.decided_meanwhile(name))
        elif client_id not in present:
            refusals.append(wording.client_gone(name, client_id))
        else:
            before = picture.links.get(customer_id, CustomerLink())
            changes.append(CustomerChange(customer_id, before, CustomerLink(client_id), mark))
    return Judged(changes, refusals)


def judge_products(values: Iterable[str], picture: ProductPicture) -> Judged[ProductChange]:
    """Likewise for pairs of `product_pair`.

    Raises:
        NotAPairError: a value is none that `product_pair` makes.
    """
    ticked: dict[str, set[str]] = {}
    for value in values:
        code, colon, licence_name = value.partition(":")
        if not colon or not licence_name:
            raise NotAPairError(value)
        ticked.setdefault(_unquoted(code), set()).add(_unquoted(licence_name))
    known = {product.product_code: product for product in products(picture)}
    present = set(picture.licence_names)
    changes, refusals = [], []
    for code, names in ticked.items():
        product = known.get(code)
        licence_name = min(names)
        if product is None:
            refusals.append(wording.no_longer_billed(code))
        elif len(names) > 1:
            refusals.append(wording.ticked_twice(code, "licence name"))
        elif product.matched_by is not None:
            refusals.append(wording.decided_meanwhile(code))
        elif licence_name not in present:
            refusals.append(wording.licence_name_gone(code, licence_name))
        else:
            changes.append(ProductChange(code, None, licence_name))
    return Judged(changes, refusals)


def _unquoted(text: str) -> str:
    plain = unquote(text)
    # Postgres has no NUL in texts, so no page of ours can have shown one.
    if "\0" in plain:
        raise NotAPairError(text)
    return plain
