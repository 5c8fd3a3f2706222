"""What a partner links by hand: customers and products, and what the last read of Halo has for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from halosync.contracts.run import HaloRefreshRequested
from halosync.domain.acts import Actor
from halosync.domain.model import Client, CustomerLink
from halosync.store import link_changes
from halosync.store.link_changes import Changed, CustomerChange, ProductChange
from halosync.store.outbox import emit
from halosync.store.queries import QUERIES
from halosync.store.runs import NotConnectedError
from halosync.store.search import pattern


@dataclass(frozen=True)
class CustomerPicture:
    """Everything that decides which client a customer has. `read_at` None: Halo was not read yet.

    `tenant` is the Halo that was read.
    """

    names: Sequence[tuple[str, str]]
    links: Mapping[str, CustomerLink]
    clients: Sequence[Client]
    read_at: datetime | None
    tenant: str | None = None


@dataclass(frozen=True)
class ProductPicture:
    """Everything that decides which licence name a product has. `names` are the products' names by code."""

    names: Mapping[str, str]
    links: Mapping[str, str]
    licence_names: Sequence[str]
    read_at: datetime | None


class NotInHaloError(LookupError):
    """The last read of Halo did not show this client, or there was no read yet (`read_at` None)."""

    def __init__(self, halo_client_id: int, read_at: datetime | None) -> None:
        super().__init__(f"client {halo_client_id}")
        self.read_at = read_at


class LinkStore:
    """The links of all partners, and what was last read from their Halo."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def customers(self, partner_id: str) -> CustomerPicture:
        """Return the customers of the newest invoices with the links and clients, as one picture of the database."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            read_at = await QUERIES.link_read_at(connection, partner_id=partner_id)
            names = [tuple(row) async for row in QUERIES.link_customers(connection, partner_id=partner_id)]
            links = {
                row["customer_id"]: CustomerLink(row["halo_client_id"], row["excluded"])
                async for row in QUERIES.link_stored_customers(connection, partner_id=partner_id)
            }
            clients = [Client(*row) async for row in QUERIES.link_all_clients(connection, partner_id=partner_id)]
            tenant = await QUERIES.link_tenant(connection, partner_id=partner_id)
        return CustomerPicture(names, links, clients if read_at is not None else [], read_at, tenant)

    async def products(self, partner_id: str) -> ProductPicture:
        """Return the products of the newest invoices with the links and licence names, as one picture."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            read_at = await QUERIES.link_read_at(connection, partner_id=partner_id)
            names = {
                row["product_code"]: row["product_name"]
                async for row in QUERIES.link_products(connection, partner_id=partner_id)
            }
            links = {
                row["product_code"]: row["licence_name"]
                async for row in QUERIES.link_stored_products(connection, partner_id=partner_id)
            }
            licence_names = [
                row["name"] async for row in QUERIES.link_all_licence_names(connection, partner_id=partner_id)
            ]
        return ProductPicture(names, links, licence_names if read_at is not None else [], read_at)

    async def link_customer(
        self, partner_id: str, customer_id: str, link: CustomerLink, *, by: Actor, customer_name: str | None = None
    ) -> bool:
        """Store the link of a customer; one without client and exclusion is removed. False: it was so already.

        Args:
            partner_id: whose customer.
            customer_id: the customer, by Converge's id.
            link: what is to be stored.
            by: who links.
            customer_name: for the audit log.

        Raises:
            NotInHaloError: the last read of Halo does not have the client.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.one_change_at_a_time(connection, partner_id=partner_id)
            row = await QUERIES.link_of_customer(connection, partner_id=partner_id, customer_id=customer_id)
            before = CustomerLink() if row is None else CustomerLink(**row)
            changed = await link_changes.change_customers(
                connection,
                partner_id,
                [CustomerChange(customer_id, before, link)],
                by=by,
                names={} if customer_name is None else {customer_id: customer_name},
                together=True,
            )
            if changed.refused and link.halo_client_id is not None:
                read_at = await QUERIES.link_read_at(connection, partner_id=partner_id)
                raise NotInHaloError(link.halo_client_id, read_at)
        return link != before

    async def link_product(self, partner_id: str, product_code: str, licence_name: str | None, *, by: Actor) -> bool:
        """Store the licence name of a product; None removes the link. False: it was so already.

        A name that is new to Halo is used by the next create.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.one_change_at_a_time(connection, partner_id=partner_id)
            before: str | None = await QUERIES.link_of_product(
                connection, partner_id=partner_id, product_code=product_code
            )
            change = ProductChange(product_code, before, licence_name)
            await link_changes.change_products(connection, partner_id, [change], by=by, together=True)
        return licence_name != before

    async def change_customers(
        self,
        partner_id: str,
        changes: Sequence[CustomerChange],
        *,
        by: Actor,
        names: Mapping[str, str],
        together: bool,
    ) -> Changed[CustomerChange]:
        """Make many changes in one transaction: each that still holds, or with `together` all of them or none.

        `names` are the customers' names, for the audit log.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            change = link_changes.change_customers
            return await change(connection, partner_id, changes, by=by, names=names, together=together)

    async def change_products(
        self, partner_id: str, changes: Sequence[ProductChange], *, by: Actor, together: bool
    ) -> Changed[ProductChange]:
        """Likewise for products."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await link_changes.change_products(connection, partner_id, changes, by=by, together=together)

    async def read_at(self, partner_id: str) -> datetime | None:
        """Return when the connected Halo was last read; None if it was not."""
        read_at: datetime | None = await QUERIES.link_read_at(self._pool, partner_id=partner_id)
        return read_at

    async def clients(
        self, partner_id: str, *, q: str | None, after: tuple[str, int] | None, most: int
    ) -> Sequence[Client]:
        """Return clients by name; `after` is a name and the id of a client."""
        name, halo_client_id = after or ("", -1)
        rows = QUERIES.link_clients(
            self._pool, partner_id=partner_id, name=name, halo_client_id=halo_client_id, pattern=pattern(q), most=most
        )
        return [Client(*row) async for row in rows]

    async def licence_names(
        self, partner_id: str, *, q: str | None, after: str | None, most: int
    ) -> Sequence[tuple[str, int]]:
        """Return licence names with how many licences have each, by name, those behind the name `after`."""
        rows = QUERIES.link_licence_names(
            self._pool, partner_id=partner_id, name=after or "", pattern=pattern(q), most=most
        )
        return [tuple(row) async for row in rows]

    async def request_refresh(self, partner_id: str) -> UUID:
        """Ask for Halo to be read again, and return the id of the read.

        Raises:
            NotConnectedError: the partner's Halo is not connected.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            if await QUERIES.connected_tenant(connection, partner_id=partner_id) is None:
                raise NotConnectedError(partner_id)
            request = HaloRefreshRequested(partner_id=partner_id, read_id=uuid4())
            await emit(connection, request)
            return request.read_id
