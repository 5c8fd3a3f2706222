"""Many links at once: what a person saw is what is stored, or the row is refused.

Every change carries the link it was decided by. One that is no longer what is stored is refused, because somebody
else has decided meanwhile; so is a link to a client that the last read of Halo did not show, or shows as another one
than the person was shown: after a switch of Halo, an id means another client.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from halosync.domain.acts import Act, Actor
from halosync.domain.client_marks import client_mark
from halosync.domain.model import CustomerLink
from halosync.store.audit import record_many
from halosync.store.queries import QUERIES, Connection


class WhyRefused(StrEnum):
    """Why a change was not made."""

    CHANGED_MEANWHILE = "changed_meanwhile"
    NOT_IN_HALO = "not_in_halo"
    ANOTHER_CLIENT = "another_client"


@dataclass(frozen=True, slots=True)
class CustomerChange:
    """What a customer's link was when the change was decided, and what it is to be. An empty link is none.

    `mark` is that of the new client as the person was shown it (`client_mark`); None: nobody was shown one.
    """

    customer_id: str
    before: CustomerLink
    after: CustomerLink
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class ProductChange:
    """What licence name a product was linked to when the change was decided, and what it is to be. None: no link."""

    product_code: str
    before: str | None
    after: str | None


Change = TypeVar("Change", CustomerChange, ProductChange)


@dataclass(frozen=True, slots=True)
class Refused(Generic[Change]):
    """A change that was not made.

    `name`: what the client that was asked for is called now, if it is another one; if the link was changed, what its
    client is called, or the product's licence name. `link` is what is stored of a customer that was changed.
    """

    change: Change
    why: WhyRefused
    name: str | None = None
    link: CustomerLink | None = None


@dataclass(frozen=True, slots=True)
class Changed(Generic[Change]):
    """What became of changes. `made` is empty when they were to be made together and one was refused."""

    made: Sequence[Change]
    refused: Sequence[Refused[Change]]


async def change_customers(
    connection: Connection,
    partner_id: str,
    changes: Sequence[CustomerChange],
    *,
    by: Actor,
    names: Mapping[str, str],
    together: bool,
) -> Changed[CustomerChange]:
    """Make the changes in the caller's transaction; with `together`, all of them or none.

    Each customer may be named once. `names` are the customers' names, for the audit log.
    """
    await QUERIES.one_change_at_a_time(connection, partner_id=partner_id)
    ids = [change.customer_id for change in changes]
    stored = {
        row["customer_id"]: CustomerLink(row["halo_client_id"], row["excluded"])
        async for row in QUERIES.links_of_customers(connection, partner_id=partner_id, customer_ids=ids)
    }
    decided = [link for change in changes for link in (change.before, change.after)]
    asked = {link.halo_client_id for link in (*decided, *stored.values())} - {None}
    known = [
        (row["halo_client_id"], row["name"], row["tenant"])
        async for row in QUERIES.clients_in_halo(connection, partner_id=partner_id, halo_client_ids=list(asked))
    ]
    clients = {client_id: name for client_id, name, _ in known}
    marks = {client_id: client_mark(tenant, client_id, name) for client_id, name, tenant in known}
    verdicts = [_judge_customer(each, stored, clients, marks) for each in changes]
    changed = _judged(changes, verdicts, together=together)
    made = changed.made
    await QUERIES.store_customer_links(
        connection,
        partner_id=partner_id,
        customer_ids=[change.customer_id for change in made],
        halo_client_ids=[change.after.halo_client_id for change in made],
        excluded=[change.after.excluded for change in made],
    )
    gone = [change.customer_id for change in made if change.after == CustomerLink()]
    await QUERIES.drop_customer_links(connection, partner_id=partner_id, customer_ids=gone)
    entries = [
        (
            change.customer_id,
            {
                "customer_name": names.get(change.customer_id),
                "before": _told(change.before, clients),
                "after": _told(change.after, clients),
            },
        )
        for change in made
        if change.after != change.before
    ]
    await record_many(connection, by, Act.CUSTOMER_LINKED, entries, partner_id=partner_id)
    return changed


async def change_products(
    connection: Connection, partner_id: str, changes: Sequence[ProductChange], *, by: Actor, together: bool
) -> Changed[ProductChange]:
    """Make the changes in the caller's transaction; with `together`, all of them or none.

    Each product may be named once. A licence name that is new to Halo is used by the next create.
    """
    await QUERIES.one_change_at_a_time(connection, partner_id=partner_id)
    codes = [change.product_code for change in changes]
    stored = {
        row["product_code"]: row["licence_name"]
        async for row in QUERIES.links_of_products(connection, partner_id=partner_id, product_codes=codes)
    }
    verdicts = [
        Refused(each, WhyRefused.CHANGED_MEANWHILE, stored.get(each.product_code))
        if stored.get(each.product_code) != each.before
        else None
        for each in changes
    ]
    changed = _judged(changes, verdicts, together=together)
    made = changed.made
    await QUERIES.store_product_links(
        connection,
        partner_id=partner_id,
        product_codes=[change.product_code for change in made],
        licence_names=[change.after for change in made],
    )
    gone = [change.product_code for change in made if change.after is None]
    await QUERIES.drop_product_links(connection, partner_id=partner_id, product_codes=gone)
    entries = [
        (change.product_code, {"before": change.before, "after": change.after})
        for change in made
        if change.after != change.before
    ]
    await record_many(connection, by, Act.PRODUCT_LINKED, entries, partner_id=partner_id)
    return changed


def _judge_customer(
    change: CustomerChange,
    stored: Mapping[str, CustomerLink],
    clients: Mapping[int, str],
    marks: Mapping[int, str],
) -> Refused[CustomerChange] | None:
    now = stored.get(change.customer_id, CustomerLink())
    if now != change.before:
        name = None if now.halo_client_id is None else clients.get(now.halo_client_id)
        return Refused(change, WhyRefused.CHANGED_MEANWHILE, name, now)
    client_id = change.after.halo_client_id
    # A link that only keeps its client may keep one that is gone, or else such a customer could not be excluded.
    if client_id is None or client_id == change.before.halo_client_id:
        return None
    if client_id not in clients:
        return Refused(change, WhyRefused.NOT_IN_HALO)
    if change.mark not in {None, marks[client_id]}:
        return Refused(change, WhyRefused.ANOTHER_CLIENT, clients[client_id])
    return None


def _judged(
    changes: Sequence[Change], verdicts: Sequence[Refused[Change] | None], *, together: bool
) -> Changed[Change]:
    refused = [verdict for verdict in verdicts if verdict is not None]
    good = [change for change, verdict in zip(changes, verdicts, strict=True) if verdict is None]
    made = [] if together and refused else good
    return Changed(made, refused)


def _told(link: CustomerLink, clients: Mapping[int, str]) -> Mapping[str, Any]:
    """Return a link as the audit log keeps it, with the client's name if the last read of Halo had it."""
    client_id = link.halo_client_id
    name = None if client_id is None else clients.get(client_id)
    return {"halo_client_id": client_id, "client_name": name, "excluded": link.excluded}
