"""Customers as their pages show them, and the search."""

from collections.abc import Sequence
from typing import Protocol

from halosync.ports.audit import Entry
from halosync.ports.customers import CustomerLine, CustomerMonth
from halosync.ports.found import Found


class CustomerViews(Protocol):
    """What is known of one customer; see `store.customers`."""

    async def lines(self, partner_id: str, period: str, customer_id: str) -> Sequence[CustomerLine]:
        """Return a customer's lines of a month, YYYY-MM, by product."""
        ...

    async def months(self, partner_id: str, customer_id: str) -> Sequence[CustomerMonth]:
        """Return what a customer was billed in the last months that have an invoice, newest first."""
        ...

    async def link_acts(self, partner_id: str, customer_id: str) -> Sequence[Entry]:
        """Return who linked or excluded a customer, newest first."""
        ...


class Search(Protocol):
    """Finds a partner's things by what a person typed; see `SearchStore`."""

    async def find(self, partner_id: str, q: str, *, most: int) -> Found:
        """Return at most `most` hits of each kind for `q`, which is not blank."""
        ...
