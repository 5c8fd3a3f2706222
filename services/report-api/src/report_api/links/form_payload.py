"""What a person was shown, carried by the form that applies it: exactly that is applied, or nothing.

A form carries it in several hidden fields, because one field may hold only so much.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from halosync.contracts.message import Text
from halosync.domain.model import CustomerLink
from halosync.store.link_changes import CustomerChange, ProductChange
from pydantic import TypeAdapter, ValidationError

from report_api.web.paging import BigInt

_Link = tuple[BigInt | None, bool]
_CUSTOMERS = TypeAdapter(list[tuple[str, _Link, _Link, str | None]])
_LINK = TypeAdapter(_Link)
_PRODUCTS = TypeAdapter(list[tuple[str, str | None, Text | None]])
_TOGETHER = 50
"""Changes in one field: three texts of 500 characters each, percent-encoded, stay below the megabyte it may have."""

Change = TypeVar("Change")


class NotCarriedError(ValueError):
    """A form sent something that no page of ours has in it."""


def pack_customers(changes: Sequence[CustomerChange]) -> list[str]:
    """Return the changes as texts, each for a hidden field."""
    return [
        _CUSTOMERS.dump_json(
            [(each.customer_id, _of(each.before), _of(each.after), each.mark) for each in some]
        ).decode()
        for some in _some(changes)
    ]


def unpack_customers(texts: Iterable[str]) -> list[CustomerChange]:
    """Return the changes of `pack_customers`.

    Raises:
        NotCarriedError: these are no such texts, or a customer is named twice.
    """
    try:
        rows = list(chain.from_iterable(map(_CUSTOMERS.validate_json, texts)))
    except ValidationError:
        raise NotCarriedError("changes") from None
    _each_once([customer_id for customer_id, *_ in rows])
    return [
        CustomerChange(each, CustomerLink(*before), CustomerLink(*after), mark) for each, before, after, mark in rows
    ]


def pack_link(link: CustomerLink) -> str:
    """Return a customer's link as text for a hidden field: what it was when the page was made."""
    return _LINK.dump_json(_of(link)).decode()


def unpack_link(text: str) -> CustomerLink:
    """Return the link of `pack_link`.

    Raises:
        NotCarriedError: this is no such text.
    """
    try:
        return CustomerLink(*_LINK.validate_json(text))
    except ValidationError:
        raise NotCarriedError("before") from None


def pack_products(changes: Sequence[ProductChange]) -> list[str]:
    """Return the changes as texts, each for a hidden field."""
    return [
        _PRODUCTS.dump_json([(each.product_code, each.before, each.after) for each in some]).decode()
        for some in _some(changes)
    ]


def unpack_products(texts: Iterable[str]) -> list[ProductChange]:
    """Return the changes of `pack_products`.

    Raises:
        NotCarriedError: these are no such texts, or a product is named twice.
    """
    try:
        rows = list(chain.from_iterable(map(_PRODUCTS.validate_json, texts)))
    except ValidationError:
        raise NotCarriedError("changes") from None
    _each_once([code for code, _, _ in rows])
    return [ProductChange(*row) for row in rows]


def _some(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    for start in range(0, len(changes), _TOGETHER):
        yield changes[start : start + _TOGETHER]


def _of(link: CustomerLink) -> tuple[int | None, bool]:
    return link.halo_client_id, link.excluded


def _each_once(ids: Sequence[str]) -> None:
    if len(set(ids)) != len(ids):
        raise NotCarriedError("changes")
