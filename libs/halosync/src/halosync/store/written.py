"""What halosync wrote to Halo and what Halo made of it: known without another read."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import asyncpg

from halosync.domain.model import KeptOtherwise, LastWritten, LicenceState, PriceField, WrittenLicence


def otherwise_as_json(wish: KeptOtherwise, price_field: PriceField) -> str:
    """Return what Halo keeps where that is not to the letter what was asked, as it is stored."""
    return json.dumps(
        {
            "asked": _state(wish.asked),
            "kept": _state(wish.kept),
            "asked_name": None if wish.asked_name == wish.kept_name else wish.asked_name,
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
