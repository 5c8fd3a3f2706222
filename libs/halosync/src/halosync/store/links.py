"""The links that a partner stored: of customers to Halo clients, of products to licence names.

Both kinds are one idea, `LinkStore`; `CustomerLinks` and `ProductLinks` say what differs.

Every change carries the link it was decided by. One that is no longer what is stored is refused, because somebody
else has decided meanwhile; so is a link to a client that the last read of Halo did not show, or shows as another one
than the person was shown: after a switch of Halo, an id means another client.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeAlias, Unpack

import asyncpg

from halosync.domain.acts import Act, Actor
from halosync.domain.client_fingerprints import client_fingerprint
from halosync.domain.model import Client
from halosync.domain.plan import CustomerLink
from halosync.ports.links import (
    Billed,
    Changed,
    HowToChange,
    Link,
    LinkChange,
    LinkPicture,
    NotInHaloError,
    ProductLink,
    RefusedChange,
    Target,
    WhyRefused,
)
from halosync.store.audit import record_many
from halosync.store.pool import Connection, Pool
from halosync.store.queries import QUERIES, RowsQuery


@dataclass(frozen=True, slots=True)
class _ShownClient:
    name: str
    fingerprint: str


_BILLED = ("lines", "amount", "is_wanted", "is_faulty")

_Clients: TypeAlias = Mapping[int | None, _ShownClient]
"""Clients of the last read by their ids."""


class LinkStore(ABC, Generic[Link, Target]):
    """The links of one kind, of all partners. `no_link` is the link of who has none.

    Arguments and errors: the Protocol `report_api.stores.halo.Links`.
    """

    no_link: Link
    _act: ClassVar[Act]
    _billed: ClassVar[RowsQuery]
    _stored: ClassVar[RowsQuery]
    _store: ClassVar[Any]

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def picture(self, partner_id: str) -> LinkPicture[Link, Target]:
        """Return what the newest invoices bill, with the links and what is in Halo, at one moment."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            read = await QUERIES.last_read(connection, partner_id=partner_id)
            billed = [row async for row in self._billed(connection, partner_id=partner_id)]
            return LinkPicture(
                names=[(row["key"], name) for row in billed for name in row["names"]],
                links=await self.stored(connection, partner_id),
                targets=await self._targets(connection, partner_id) if read else [],
                read_at=read["read_at"] if read else None,
                tenant=read["tenant"] if read else None,
                billed={row["key"]: Billed(*(row[name] for name in _BILLED)) for row in billed},
                currency=await QUERIES.billed_currency(connection, partner_id=partner_id) or "",
            )

    @classmethod
    async def stored(
        cls, connection: Connection, partner_id: str, keys: Sequence[str] | None = None
    ) -> dict[str, Link]:
        """Return what is stored of these rows, None: of all; what has no link is missing."""
        rows = cls._stored(connection, partner_id=partner_id, keys=keys)
        return {row["key"]: cls._link(row) async for row in rows}

    async def replace(self, partner_id: str, key: str, link: Link, *, by: Actor, name: str | None = None) -> bool:
        """Store a link whatever it was before; False: it was so already. `name` is for the audit log."""
        async with self._pool.acquire() as connection, connection.transaction():
            await QUERIES.one_change_at_a_time(connection, partner_id=partner_id)
            before = (await self.stored(connection, partner_id, [key])).get(key, self.no_link)
            change, names = LinkChange(key, before, link), {} if name is None else {key: name}
            if (await self.change_in(connection, partner_id, [change], by=by, names=names, together=True)).refused:
                read = await QUERIES.last_read(connection, partner_id=partner_id)
                raise NotInHaloError(key, read["read_at"] if read else None)
        return link != before

    async def change(
        self, partner_id: str, changes: Sequence[LinkChange[Link]], **how: Unpack[HowToChange]
    ) -> Changed[Link]:
        """Make many changes in one transaction."""
        async with self._pool.acquire() as connection, connection.transaction():
            return await self.change_in(connection, partner_id, changes, **how)

    async def change_in(
        self,
        connection: Connection,
        partner_id: str,
        changes: Sequence[LinkChange[Link]],
        **how: Unpack[HowToChange],
    ) -> Changed[Link]:
        """Do as `change` does, in the caller's transaction."""
        await QUERIES.one_change_at_a_time(connection, partner_id=partner_id)
        stored = await self.stored(connection, partner_id, [change.key for change in changes])
        decided = (link for change in changes for link in (change.before, change.after))
        clients = await self._clients(connection, partner_id, [*decided, *stored.values()])
        verdicts = [self._refusal(each, stored.get(each.key, self.no_link), clients) for each in changes]
        refused = [verdict for verdict in verdicts if verdict is not None]
        good = [change for change, verdict in zip(changes, verdicts, strict=True) if verdict is None]
        made = [] if how["together"] and refused else good
        await self._store(connection, partner_id=partner_id, **self._columns(made))
        names, told = how["names"], [each for each in made if each.after != each.before]
        entries = [(each.key, self._entry(each, names.get(each.key), clients)) for each in told]
        await record_many(connection, how["by"], self._act, entries, partner_id=partner_id)
        return Changed(made, refused)

    @classmethod
    @abstractmethod
    def _link(cls, row: asyncpg.Record) -> Link: ...

    @abstractmethod
    async def _targets(self, connection: Connection, partner_id: str) -> Sequence[Target]: ...

    @abstractmethod
    def _columns(self, made: Sequence[LinkChange[Link]]) -> Mapping[str, Sequence[object]]:
        """Return the arguments of `_store`."""

    @abstractmethod
    def _entry(self, change: LinkChange[Link], name: str | None, clients: _Clients) -> Mapping[str, object]:
        """Return the detail of the audit log's entry."""

    async def _clients(self, connection: Connection, partner_id: str, links: Sequence[Link]) -> _Clients:
        """Return those of the links' clients that the last read of Halo showed."""
        del connection, partner_id, links
        return {}

    def _refusal(self, change: LinkChange[Link], now: Link, clients: _Clients) -> RefusedChange[Link] | None:
        del clients
        return None if now == change.before else RefusedChange(change, WhyRefused.CHANGED_MEANWHILE, link=now)


class CustomerLinks(LinkStore[CustomerLink, Client]):
    """The links of customers."""

    no_link = CustomerLink()
    _act = Act.CUSTOMER_LINKED
    _billed, _stored, _store = QUERIES.billed_customers, QUERIES.customer_links, QUERIES.store_customer_links

    @classmethod
    def _link(cls, row: asyncpg.Record) -> CustomerLink:
        return CustomerLink(row["halo_client_id"], row["excluded"])

    async def _targets(self, connection: Connection, partner_id: str) -> Sequence[Client]:
        return [Client(*row) async for row in QUERIES.clients_shown(connection, partner_id=partner_id, ids=None)]

    def _columns(self, made: Sequence[LinkChange[CustomerLink]]) -> Mapping[str, Sequence[object]]:
        return {
            "customer_ids": [change.key for change in made],
            "halo_client_ids": [change.after.halo_client_id for change in made],
            "excluded": [change.after.excluded for change in made],
        }

    def _entry(self, change: LinkChange[CustomerLink], name: str | None, clients: _Clients) -> Mapping[str, object]:
        def told(link: CustomerLink) -> Mapping[str, object]:
            shown = clients.get(link.halo_client_id)
            client_name = None if shown is None else shown.name
            return {"halo_client_id": link.halo_client_id, "client_name": client_name, "excluded": link.excluded}

        return {"customer_name": name, "before": told(change.before), "after": told(change.after)}

    async def _clients(self, connection: Connection, partner_id: str, links: Sequence[CustomerLink]) -> _Clients:
        read = await QUERIES.last_read(connection, partner_id=partner_id)
        if read is None:
            return {}
        asked = list({link.halo_client_id for link in links} - {None})
        shown = [Client(*row) async for row in QUERIES.clients_shown(connection, partner_id=partner_id, ids=asked)]
        return {
            each.id: _ShownClient(each.name, client_fingerprint(read["tenant"], each.id, each.name)) for each in shown
        }

    def _refusal(
        self, change: LinkChange[CustomerLink], now: CustomerLink, clients: _Clients
    ) -> RefusedChange[CustomerLink] | None:
        if now != change.before:
            shown = clients.get(now.halo_client_id)
            return RefusedChange(change, WhyRefused.CHANGED_MEANWHILE, None if shown is None else shown.name, now)
        client_id = change.after.halo_client_id
        # A link that only keeps its client may keep one that is gone, or else such a customer could not be excluded.
        if client_id is None or client_id == change.before.halo_client_id:
            return None
        if client_id not in clients:
            return RefusedChange(change, WhyRefused.NOT_IN_HALO)
        if change.fingerprint not in {None, clients[client_id].fingerprint}:
            return RefusedChange(change, WhyRefused.ANOTHER_CLIENT, clients[client_id].name)
        return None


class ProductLinks(LinkStore[ProductLink, str]):
    """The links of products."""

    no_link = None
    _act = Act.PRODUCT_LINKED
    _billed, _stored, _store = QUERIES.billed_products, QUERIES.product_links, QUERIES.store_product_links

    @classmethod
    def _link(cls, row: asyncpg.Record) -> ProductLink:
        name: str = row["licence_name"]
        return name

    async def _targets(self, connection: Connection, partner_id: str) -> Sequence[str]:
        return [row["name"] async for row in QUERIES.licence_names_shown(connection, partner_id=partner_id)]

    def _columns(self, made: Sequence[LinkChange[ProductLink]]) -> Mapping[str, Sequence[object]]:
        return {
            "product_codes": [change.key for change in made],
            "licence_names": [change.after for change in made],
        }

    def _entry(self, change: LinkChange[ProductLink], name: str | None, clients: _Clients) -> Mapping[str, object]:
        del name, clients
        return {"before": change.before, "after": change.after}
