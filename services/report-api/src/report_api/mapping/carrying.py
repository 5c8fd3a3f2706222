"""What a person was shown, carried by the form that applies it: exactly that is applied, or nothing."""

from collections.abc import Sequence

from halosync.contracts.message import Text
from halosync.domain.model import CustomerLink
from halosync.store.link_changes import CustomerChange, ProductChange
from pydantic import TypeAdapter, ValidationError

from report_api.paging import BigInt

_Link = tuple[BigInt | None, bool]
_CUSTOMERS = TypeAdapter(list[tuple[str, _Link, _Link]])
_PRODUCTS = TypeAdapter(list[tuple[str, str | None, Text | None]])


class NotCarriedError(ValueError):
    """A form sent something that no page of ours has in it."""


def pack_customers(changes: Sequence[CustomerChange]) -> str:
    """Return the changes as one text for a hidden field."""
    rows = [(each.customer_id, _of(each.before), _of(each.after)) for each in changes]
    return _CUSTOMERS.dump_json(rows).decode()


def unpack_customers(text: str) -> list[CustomerChange]:
    """Return the changes of `pack_customers`.

    Raises:
        NotCarriedError: this is not such a text, or names a customer twice.
    """
    try:
        rows = _CUSTOMERS.validate_json(text)
    except ValidationError:
        raise NotCarriedError("changes") from None
    _each_once([customer_id for customer_id, _, _ in rows])
    return [CustomerChange(each, CustomerLink(*before), CustomerLink(*after)) for each, before, after in rows]


def pack_products(changes: Sequence[ProductChange]) -> str:
    """Return the changes as one text for a hidden field."""
    return _PRODUCTS.dump_json([(each.product_code, each.before, each.after) for each in changes]).decode()


def unpack_products(text: str) -> list[ProductChange]:
    """Return the changes of `pack_products`.

    Raises:
        NotCarriedError: this is not such a text, or names a product twice.
    """
    try:
        rows = _PRODUCTS.validate_json(text)
    except ValidationError:
        raise NotCarriedError("changes") from None
    _each_once([code for code, _, _ in rows])
    return [ProductChange(*row) for row in rows]


def _of(link: CustomerLink) -> tuple[int | None, bool]:
    return link.halo_client_id, link.excluded


def _each_once(ids: Sequence[str]) -> None:
    if len(set(ids)) != len(ids):
        raise NotCarriedError("changes")
