"""What a plan needs of items of earlier runs: what an undo undoes, and what a person has released (spec section 11)."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import asyncpg

from halosync.domain.approvals import change_of
from halosync.domain.model import Action, Change, Drift, Outcome, PlannedItem, Traits
from halosync.store.item_views import licence_state
from halosync.store.queries import QUERIES, Connection


async def undone_items(connection: Connection, run_id: UUID) -> tuple[PlannedItem, ...]:
    """Return what a run has changed in Halo, or may have, in its order."""
    return tuple([_planned(row) async for row in QUERIES.undone_items(connection, run_id=run_id)])


async def approved_changes(connection: Connection, run_id: UUID) -> frozenset[Change]:
    """Return the held changes that a person has released for a run."""
    return frozenset([change_of(_planned(row)) async for row in QUERIES.approved_items(connection, run_id=run_id)])


def drift_as_json(drift: Sequence[Drift]) -> list[dict[str, Any]] | None:
    """Return what somebody has edited as it is stored with an item; None: nothing."""
    return [asdict(each) for each in drift] or None


def _planned(row: asyncpg.Record) -> PlannedItem:
    was = row["was_name"]
    return PlannedItem(
        customer_ids=tuple(row["customer_ids"]),
        customer_name=row["customer_name"],
        halo_client_id=row["halo_client_id"],
        product_code=row["product_code"],
        licence_name=row["licence_name"],
        halo_licence_id=row["halo_licence_id"],
        action=Action(row["action"]),
        outcome=Outcome(row["outcome"]),
        before=licence_state(row, "before"),
        after=licence_state(row, "after"),
        set_name=row["set_name"],
        line_nos=tuple(row["line_nos"]),
        was=None if was is None else Traits(was, row["was_other_price"], row["was_licence_type"]),
        restores=row["restores_licence_id"],
    )
