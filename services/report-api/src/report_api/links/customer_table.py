"""The rows of the Customers tab."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from halosync.domain.client_marks import client_mark
from halosync.store.links import CustomerPicture, LinkStore

from report_api.links import sentences as wording
from report_api.links.accepting import customer_pair
from report_api.links.customers import customers, link_of, with_client_suggestions
from report_api.links.form_payload import pack_link
from report_api.links.list_page import Shown, Standing, choose, standing_of_customer, texts_of_customer
from report_api.links.models import Customer
from report_api.links.sharing import Serving
from report_api.links.view import View, best_pair


@dataclass(frozen=True, slots=True)
class Suggested:
    """A suggestion. `pair` is the tick box's value, `hint` says whom the client serves already."""

    pair: str
    halo_client_id: int
    name: str
    score: int
    hint: str


@dataclass(frozen=True, slots=True)
class CustomerEntry:
    """A row. `shares` are the other customers of its client, as part of a sentence."""

    customer: Customer
    standing: Standing
    shares: str
    suggested: Sequence[Suggested]

    @property
    def best(self) -> str | None:
        """Return the pair of the suggestion that fits better than all others; None without one."""
        return best_pair(self.suggested)

    @property
    def called(self) -> str:
        """Return what the customer is called in sentences."""
        return self.customer.customer_name or self.customer.customer_id

    @property
    def before(self) -> str:
        """Return the link as shown, for the forms of the row: what has changed meanwhile is not overwritten."""
        return pack_link(link_of(self.customer))


@dataclass(frozen=True, slots=True)
class CustomerTable:
    """A page of the tab. `clients` is how many the last read showed; `read_at` None: Halo was never read."""

    shown: Shown[Customer]
    entries: Sequence[CustomerEntry]
    clients: int
    read_at: datetime | None


async def customer_table(links: LinkStore, partner_id: str, view: View) -> CustomerTable:
    """Return the page of customers that the view is of."""
    picture = await links.customers(partner_id)
    # A thread, because comparing thousands of names takes longer than other requests should wait.
    return await asyncio.to_thread(_table, picture, view)


def _table(picture: CustomerPicture, view: View) -> CustomerTable:
    every = customers(picture)
    shown = choose(
        every, standing=standing_of_customer, texts=texts_of_customer, only=view.show, q=view.q, page=view.page
    )
    serving = Serving(every)
    entries = [_entry(customer, serving, picture.tenant) for customer in with_client_suggestions(shown.rows, picture)]
    return CustomerTable(shown, entries, len(picture.clients), picture.read_at)


def _entry(customer: Customer, serving: Serving, tenant: str | None) -> CustomerEntry:
    standing = standing_of_customer(customer)
    others = serving.others(customer.halo_client_id, customer.customer_id)
    served = standing in {Standing.NAME, Standing.LINK} and others
    return CustomerEntry(
        customer=customer,
        standing=standing,
        shares=others.listed if served else "",
        suggested=[
            Suggested(
                pair=customer_pair(customer.customer_id, each.id, client_mark(tenant, each.id, each.name)),
                halo_client_id=each.id,
                name=each.name,
                score=each.score,
                hint=wording.shares_client(serving.others(each.id, customer.customer_id)),
            )
            for each in customer.suggestions
            if each.id is not None
        ],
    )
