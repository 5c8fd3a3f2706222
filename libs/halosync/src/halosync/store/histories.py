"""Why a licence or a line is as it is: what each run did to it, from which lines, for whom (spec section 11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from halosync.domain.model import Action, LicenceState, Outcome
from halosync.store.item_views import licence_state
from halosync.store.queries import QUERIES

MOST = 500
"""So many steps of a history are told: one a month for forty years."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one run did to a licence, or was to do.

    Attributes:
        at: when the run was asked for.
        requested_by, approve_removals, approve_review: who asked for the run, and how much that person approved.
        removal, price_field: the settings that the run was planned with.
        lines: the lines of the invoice that it is the sum of: ids, quantities and prices as text.
        customer_link, product_link: the links by hand that held then; None: it was matched by name.
    """

    run_id: UUID
    at: datetime
    run_state: str
    invoice_id: str
    revision: int
    period: str
    currency: str
    requested_by: str
    approve_removals: int | None
    approve_review: int | None
    removal: str | None
    price_field: str | None
    item_id: int
    action: Action
    outcome: Outcome
    reason: str | None
    detail: str | None
    customer_ids: Sequence[str]
    customer_name: str
    halo_client_id: int | None
    product_code: str | None
    licence_name: str | None
    halo_licence_id: int | None
    before: LicenceState | None
    after: LicenceState | None
    lines: Sequence[Mapping[str, str]]
    customer_link: Mapping[str, Any] | None
    product_link: str | None


@dataclass(frozen=True, slots=True)
class LicenceNow:
    """What a licence is now, as last read (`read_at`) or written; `removed_at`: halosync removed it then."""

    halo_licence_id: int
    halo_client_id: int
    client_name: str | None
    name: str
    quantity: Decimal | None
    price: Decimal | None
    purchase_price: Decimal | None
    billing_cycle: str | None
    is_active: bool
    owned: bool
    removed_at: datetime | None
    read_at: datetime


class Histories:
    """Reads histories."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def of_licence(self, partner_id: str, halo_licence_id: int) -> Sequence[Step]:
        """Return what runs did to a licence, oldest first; empty if none ever touched it."""
        return await self._steps(partner_id, halo_licence_id=halo_licence_id, item_ids=[])

    async def of_line(self, partner_id: str, invoice_id: str, line_id: str) -> Sequence[Step] | None:
        """Return what became of a line in every run, oldest first; None if the invoice has no such line."""
        of = {"partner_id": partner_id, "invoice_id": invoice_id, "line_id": line_id}
        if not await QUERIES.line_exists(self._pool, **of):
            return None
        item_ids = [row["item_id"] async for row in QUERIES.items_of_line(self._pool, **of, most=MOST)]
        return await self._steps(partner_id, halo_licence_id=None, item_ids=item_ids)

    async def licence_now(self, partner_id: str, halo_licence_id: int) -> LicenceNow | None:
        """Return what a licence is now; None if neither the last read nor a run knows it."""
        row = await QUERIES.licence_now(self._pool, partner_id=partner_id, halo_licence_id=halo_licence_id)
        return None if row is None else LicenceNow(**row)

    async def _steps(self, partner_id: str, **which: Any) -> Sequence[Step]:
        rows = QUERIES.history_steps(self._pool, partner_id=partner_id, **which, most=MOST)
        return [_step(row) async for row in rows]


_AS_THEY_ARE = tuple(
    name for name in Step.__dataclass_fields__ if name not in {"action", "outcome", "before", "after", "lines"}
)


def _step(row: asyncpg.Record) -> Step:
    return Step(
        **{name: row[name] for name in _AS_THEY_ARE},
        action=Action(row["action"]),
        outcome=Outcome(row["outcome"]),
        before=licence_state(row, "before"),
        after=licence_state(row, "after"),
        lines=row["lines"] or (),
    )
