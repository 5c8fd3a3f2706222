"""What halosync wrote to Halo and what Halo made of it: known without another read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import asyncpg

from halosync.domain.model import Action, KeptOtherwise, LastWritten, LicenceState, PriceField, WrittenLicence
from halosync.ports.batch_work import BatchAtWork
from halosync.store.pool import Connection
from halosync.store.queries import QUERIES

Otherwise = Mapping[int, KeptOtherwise]
"""By item: what Halo keeps where that is not to the letter what was asked."""


async def remember(
    connection: Connection, batch: BatchAtWork, rows: Sequence[asyncpg.Record], otherwise: Otherwise
) -> None:
    """Keep what halosync wrote and removed, in the transaction that records it; `rows` are of `record_applied`."""
    written = [row for row in rows if row["after_active"] is not None and row["action"] != Action.UNCHANGED]
    await _remember_written(connection, batch, written, otherwise)
    removed = [row["halo_licence_id"] for row in rows if row["after_active"] is None]
    if removed:
        await QUERIES.remember_removed(connection, partner_id=batch.partner_id, tenant=batch.tenant, ids=removed)


async def remember_not_kept(
    connection: Connection, batch: BatchAtWork, rows: Sequence[asyncpg.Record], otherwise: Otherwise
) -> None:
    """Keep what Halo did not keep, likewise; `rows` are of `record_not_kept`."""
    await _remember_written(connection, batch, [row for row in rows if row["action"] != Action.DELETE], otherwise)
    stayed = [row for row in rows if row["action"] == Action.DELETE]
    if stayed:
        await QUERIES.remember_not_removed(
            connection,
            partner_id=batch.partner_id,
            tenant=batch.tenant,
            ids=[row["halo_licence_id"] for row in stayed],
            otherwise=[_text(row, otherwise, batch.price_field) for row in stayed],
        )


async def _remember_written(
    connection: Connection, batch: BatchAtWork, rows: Sequence[asyncpg.Record], otherwise: Otherwise
) -> None:
    written = [row for row in rows if row["halo_licence_id"] is not None]
    if not written:
        return
    prices = [row["after_price"] for row in written]
    unset = [None] * len(written)
    cost = batch.price_field is PriceField.PURCHASE_PRICE
    renamed = [_renamed(row, otherwise.get(row["item_id"])) for row in written]
    await QUERIES.remember_written(
        connection,
        partner_id=batch.partner_id,
        tenant=batch.tenant,
        ids=[row["halo_licence_id"] for row in written],
        client_ids=[row["halo_client_id"] for row in written],
        names=[row["licence_name"] for row in written],
        quantities=[row["after_quantity"] for row in written],
        wrote_prices=prices,
        price_field=batch.price_field,
        prices=unset if cost else prices,
        purchase_prices=prices if cost else unset,
        billing_cycles=[row["after_billing_cycle"] for row in written],
        active=[row["after_active"] for row in written],
        product_codes=[row["product_code"] for row in written],
        asked_names=[asked for asked, _ in renamed],
        kept_names=[kept for _, kept in renamed],
        otherwise=[_text(row, otherwise, batch.price_field) for row in written],
        owned=[row["owned_after"] for row in written],
    )


def _renamed(row: asyncpg.Record, otherwise: KeptOtherwise | None) -> tuple[str | None, str | None]:
    """Return what a created licence was to be called and how Halo calls it, where these differ."""
    if otherwise is None or row["action"] != Action.CREATE or otherwise.asked_name in (None, otherwise.kept_name):
        return None, None
    return otherwise.asked_name, otherwise.kept_name


def _text(row: asyncpg.Record, otherwise: Otherwise, price_field: PriceField) -> str | None:
    wish = otherwise.get(row["item_id"])
    if wish is None:
        return None
    by_halo = row["action"] == Action.CREATE or wish.asked_name == wish.kept_name
    return json.dumps(
        {
            "asked": _state(wish.asked),
            "kept": _state(wish.kept),
            "asked_name": None if by_halo else wish.asked_name,  # a created licence's name is known by `asked_name`
            "kept_name": wish.kept_name,
            "warning": wish.warning,
            "price_field": price_field,
        }
    )


def _state(state: LicenceState | None) -> dict[str, object] | None:
    if state is None:
        return None
    return {
        "quantity": None if state.quantity is None else str(state.quantity),
        "price": None if state.price is None else str(state.price),
        "billing_cycle": state.billing_cycle,
        "active": state.active,
    }


def written_licences(rows: Iterable[asyncpg.Record], price_field: PriceField) -> dict[int, WrittenLicence]:
    """Return what is remembered of licences by their ids; `rows` are of `licence_history`.

    A wish about the price in another field than the one that counts now says nothing.
    """
    return {
        row["halo_licence_id"]: WrittenLicence(
            row["product_code"],
            row["asked_name"],
            row["kept_name"],
            _otherwise(row["kept_otherwise"], price_field),
            _last(row) if row["edited"] else None,
        )
        for row in rows
    }


def _last(row: asyncpg.Record) -> LastWritten:
    state = LicenceState(row["wrote_quantity"], row["wrote_price"], row["wrote_billing_cycle"], row["wrote_active"])
    return LastWritten(row["wrote_name"], state, PriceField(row["wrote_price_field"]))


def _otherwise(text: str | None, price_field: PriceField) -> KeptOtherwise | None:
    wish = json.loads(text) if text is not None else None
    if wish is None or wish["price_field"] != price_field:
        return None
    kept = _state_of(wish["kept"])
    if kept is None:
        return None
    return KeptOtherwise(_state_of(wish["asked"]), kept, wish["asked_name"], wish["kept_name"], wish["warning"])


def _state_of(value: Mapping[str, Any] | None) -> LicenceState | None:
    if value is None:
        return None
    quantity, price = (None if value[name] is None else Decimal(value[name]) for name in ("quantity", "price"))
    return LicenceState(quantity, price, value["billing_cycle"], value["active"])
