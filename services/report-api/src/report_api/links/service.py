"""Linking customers and products, for the API and the portal alike."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from halosync.domain.acts import Actor
from halosync.domain.model import CustomerLink
from halosync.store.link_changes import CustomerChange, ProductChange
from halosync.store.links import CustomerPicture, LinkStore, ProductPicture

from report_api.links import sentences as wording
from report_api.links.accepting import judge_customers, judge_products
from report_api.links.client_ids import Choice


class UnknownCustomerError(LookupError):
    """Neither the newest invoice nor a stored link has this customer."""


class UnknownProductError(LookupError):
    """Neither the newest invoice nor a stored link has this product."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a request: how many rows were changed, and a sentence for each that stays as it is."""

    made: int
    refusals: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A customer and the link that it was shown with: by it a person decided."""

    customer_id: str
    before: CustomerLink


class Linking:
    """The use cases of links; everything is judged by what is stored at that moment."""

    def __init__(self, links: LinkStore) -> None:
        self._links = links

    async def link_customer(self, partner_id: str, row: Row, choice: Choice, by: Actor) -> Applied:
        """Link a customer to the client that was chosen. A link includes a customer that was shown as excluded.

        Raises:
            UnknownCustomerError: there is no such customer.
        """
        client_id, mark = choice
        change = CustomerChange(row.customer_id, row.before, CustomerLink(client_id), mark)
        return await self.apply_customers(partner_id, [change], by)

    async def unlink_customer(self, partner_id: str, row: Row, by: Actor) -> Applied:
        """Take a customer's client away; whether it is excluded stays.

        Raises:
            UnknownCustomerError: there is no such customer.
        """
        after = replace(row.before, halo_client_id=None)
        return await self.apply_customers(partner_id, [CustomerChange(row.customer_id, row.before, after)], by)

    async def set_excluded(self, partner_id: str, row: Row, *, excluded: bool, by: Actor) -> Applied:
        """Exclude or include a customer; its client is kept for the day it is included again.

        Raises:
            UnknownCustomerError: there is no such customer.
        """
        after = replace(row.before, excluded=excluded)
        return await self.apply_customers(partner_id, [CustomerChange(row.customer_id, row.before, after)], by)

    async def replace_customer(self, partner_id: str, customer_id: str, link: CustomerLink, by: Actor) -> None:
        """Store a customer's whole link, whatever it was before: what a program asks for, which was shown no page.

        Raises:
            UnknownCustomerError: there is no such customer.
            NotInHaloError: the link leads to a new client, which the last read of Halo does not have.
        """
        picture = await self._links.customers(partner_id)
        _require_customers([customer_id], picture)
        name = dict(picture.names).get(customer_id)
        await self._links.link_customer(partner_id, customer_id, link, by=by, customer_name=name)

    async def accept_customers(self, partner_id: str, ticked: Sequence[str], by: Actor) -> Applied:
        """Link exactly the ticked pairs that still hold (`mapping.accepting`).

        Raises:
            NotAPairError: no page of ours has sent this.
        """
        picture = await self._links.customers(partner_id)
        judged = await asyncio.to_thread(judge_customers, ticked, picture)
        applied = await self._apply_customers(partner_id, judged.changes, picture, by, together=False)
        return Applied(applied.made, [*judged.refusals, *applied.refusals])

    async def apply_customers(self, partner_id: str, changes: Sequence[CustomerChange], by: Actor) -> Applied:
        """Make changes that a person was shown, all of them or none.

        Raises:
            UnknownCustomerError: there is no such customer.
        """
        picture = await self._links.customers(partner_id)
        _require_customers([change.customer_id for change in changes], picture)
        return await self._apply_customers(partner_id, changes, picture, by, together=True)

    async def replace_product(self, partner_id: str, product_code: str, licence_name: str | None, by: Actor) -> None:
        """Likewise for a product; None unlinks it.

        Raises:
            UnknownProductError: there is no such product.
        """
        _require_products([product_code], await self._links.products(partner_id))
        await self._links.link_product(partner_id, product_code, licence_name, by=by)

    async def accept_products(self, partner_id: str, ticked: Sequence[str], by: Actor) -> Applied:
        """Link exactly the ticked pairs that still hold.

        Raises:
            NotAPairError: no page of ours has sent this.
        """
        judged = await asyncio.to_thread(judge_products, ticked, await self._links.products(partner_id))
        applied = await self._apply_products(partner_id, judged.changes, by, together=False)
        return Applied(applied.made, [*judged.refusals, *applied.refusals])

    async def apply_products(self, partner_id: str, changes: Sequence[ProductChange], by: Actor) -> Applied:
        """Make changes that a person was shown, all of them or none.

        Raises:
            UnknownProductError: there is no such product.
        """
        _require_products([change.product_code for change in changes], await self._links.products(partner_id))
        return await self._apply_products(partner_id, changes, by, together=True)

    async def _apply_customers(
        self, partner_id: str, changes: Sequence[CustomerChange], picture: CustomerPicture, by: Actor, *, together: bool
    ) -> Applied:
        if not changes:
            return Applied(0)
        names = dict(picture.names)
        changed = await self._links.change_customers(partner_id, changes, by=by, names=names, together=together)
        sentences = [
            wording.refused_customer(each, names.get(each.change.customer_id, each.change.customer_id))
            for each in changed.refused
        ]
        return Applied(len(changed.made), sentences)

    async def _apply_products(
        self, partner_id: str, changes: Sequence[ProductChange], by: Actor, *, together: bool
    ) -> Applied:
        if not changes:
            return Applied(0)
        changed = await self._links.change_products(partner_id, changes, by=by, together=together)
        return Applied(len(changed.made), [wording.refused_product(each) for each in changed.refused])


def _require_customers(customer_ids: Sequence[str], picture: CustomerPicture) -> None:
    known = {*picture.links, *(customer_id for customer_id, _ in picture.names)}
    for customer_id in customer_ids:
        if customer_id not in known:
            raise UnknownCustomerError(customer_id)


def _require_products(codes: Sequence[str], picture: ProductPicture) -> None:
    for code in codes:
        if code not in picture.names and code not in picture.links:
            raise UnknownProductError(code)
