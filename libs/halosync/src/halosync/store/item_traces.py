"""What a plan needs of items of earlier runs: what an undo undoes, and what a person has released (spec section 11)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from html import unescape
from uuid import UUID

import asyncpg

from halosync.domain.approvals import change_of
from halosync.domain.details import stamp_of
from halosync.domain.model import Drift, Licence, PriceField, Traits
from halosync.domain.names import name_key
from halosync.domain.plan import ItemChange, PlannedItem
from halosync.ports.reads import ReadProgress
from halosync.store.item_views import item_head, licence_state
from halosync.store.pool import Connection
from halosync.store.queries import QUERIES


@dataclass(frozen=True, slots=True)
class UndoneRun:
    """A run that is to be undone.

    Attributes:
        price_field: the one that it wrote.
        items: what it has changed in Halo, or may have, in its order.
        left_at: the clients at which it left licences, changed or not.
        deleted: of the licences of `items`, those that halosync itself has deleted since.
        unsure_since: likewise, those that it has perhaps not changed or removed, and a later run perhaps has.
    """

    price_field: PriceField
    items: tuple[PlannedItem, ...]
    left_at: frozenset[int]
    deleted: frozenset[int]
    unsure_since: frozenset[int]


async def undone_run(connection: Connection, read: ReadProgress, licences: Sequence[Licence]) -> UndoneRun | None:
    """Return the run that the run of `read` undoes, None where it undoes none."""
    row = await QUERIES.undone_run(connection, run_id=read.read_id)
    if row is None:
        return None
    run_id = row["run_id"]
    deleted = QUERIES.deleted_of_run(connection, run_id=run_id, partner_id=read.partner_id, tenant=read.tenant)
    unsure = QUERIES.unsure_since_run(connection, run_id=run_id)
    return UndoneRun(
        PriceField(row["price_field"]),
        await _undone_items(connection, run_id, licences),
        frozenset([client["halo_client_id"] async for client in QUERIES.left_by_run(connection, run_id=run_id)]),
        frozenset([each["halo_licence_id"] async for each in deleted]),
        frozenset([each["halo_licence_id"] async for each in unsure]),
    )


async def _undone_items(connection: Connection, run_id: UUID, licences: Sequence[Licence]) -> tuple[PlannedItem, ...]:
    """Return what a run has changed in Halo, or may have, in its order.

    A create of which nobody could find out what became has the licence of `licences` that bears its stamp, or none;
    where Halo keeps stamps, and it had one, none means that it was never applied, and it is left out.
    """
    stamped = {licence.stamp: licence for licence in licences if licence.stamp is not None}
    return tuple(
        [
            item
            async for row in QUERIES.undone_items(connection, run_id=run_id)
            if (item := _found(row, stamped)).halo_licence_id is not None or not (row["is_stamped"] and stamped)
        ]
    )


async def restored_licences(connection: Connection, *, partner_id: str, tenant: str) -> dict[int, int]:
    """Return what undos have brought back: by the id of the deleted licence, the new one's."""
    rows = QUERIES.restored_licences(connection, partner_id=partner_id, tenant=tenant)
    return {row["restores_licence_id"]: row["halo_licence_id"] async for row in rows}


async def approved_changes(connection: Connection, run_id: UUID) -> frozenset[ItemChange]:
    """Return the held changes that a person has released for a run."""
    return frozenset([change_of(_planned(row)) async for row in QUERIES.approved_items(connection, run_id=run_id)])


def drift_as_json(drift: Sequence[Drift]) -> list[dict[str, object]] | None:
    """Return what somebody has edited as it is stored with an item; None: nothing."""
    return [asdict(each) for each in drift] or None


def _found(row: asyncpg.Record, stamped: Mapping[str, Licence]) -> PlannedItem:
    """Return an item with the licence that bears its stamp, where its own was never told.

    That licence may be called as Halo spells the name; any other name was given by somebody.
    """
    item = _planned(row)
    licence = stamped.get(stamp_of(row["run_id"], row["item_id"]))
    if item.halo_licence_id is not None or licence is None or licence.client_id != item.halo_client_id:
        return item
    asked = item.set_name or item.licence_name or ""
    same = name_key(unescape(licence.name)) == name_key(asked)
    return replace(item, halo_licence_id=licence.id, licence_name=licence.name if same else asked)


def _planned(row: asyncpg.Record) -> PlannedItem:
    was = row["was_name"]
    return PlannedItem(
        **item_head(row),
        before=licence_state(row, "before"),
        after=licence_state(row, "after"),
        set_name=row["set_name"],
        line_nos=tuple(row["line_nos"]),
        was=None if was is None else _traits(row),
        restores=row["restores_licence_id"],
        was_owned=row["was_owned"],
        owned_after=row["owned_after"],
        item_id=row["item_id"],
    )


def _traits(row: asyncpg.Record) -> Traits:
    return Traits(
        row["was_name"], row["was_other_price"], row["was_licence_type"], row["was_asked_name"], row["was_product_sku"]
    )
