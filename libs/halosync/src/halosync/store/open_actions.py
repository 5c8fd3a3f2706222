"""Rows of batches and actions, as the values that the writers work on."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from halosync.domain.batching import BatchKind
from halosync.domain.details import notes_of, restored_notes, stamp_of
from halosync.domain.licences import other_prices
from halosync.domain.model import Action, PriceField, Removal
from halosync.domain.states import ActionState
from halosync.ports.batch_work import BatchAtWork, HaloAnswer, OpenAction
from halosync.ports.licence_write import NewLicence
from halosync.store.item_views import licence_state
from halosync.store.limiter import own_rate


def batch_at_work(row: Mapping[str, Any]) -> BatchAtWork:
    """Return the batch of a row of `batch_at_work`."""
    return BatchAtWork(
        batch_id=row["batch_id"],
        run_id=row["run_id"],
        partner_id=row["partner_id"],
        tenant=row["tenant"],
        kind=BatchKind(row["kind"]),
        failures=row["failures"],
        refused_generation=row["refused_generation"],
        refused_rows=None if row["refused_rows"] is None else frozenset(row["refused_rows"]),
        removal=Removal(row["removal"]),
        price_field=PriceField(row["price_field"]),
        rate=own_rate(row),
        stopping=row["stopping"],
        connected=row["connected"],
        unreviewed=row["unreviewed"],
        adopt_foreign=row["adopt_foreign"],
    )


def open_action(row: asyncpg.Record) -> OpenAction:
    """Return the action of a row of `open_actions`."""
    return OpenAction(
        item_id=row["item_id"],
        client_id=row["halo_client_id"],
        licence_id=row["halo_licence_id"],
        action=Action(row["action"]),
        set_name=row["set_name"],
        licence_name=row["licence_name"],
        attempt=row["attempts"],
        mark_no=row["mark_no"],
        action_state=ActionState(row["action_state"]),
        before=licence_state(row, "before"),
        after=licence_state(row, "after"),
        settle_wait_s=row["settle_wait_s"] or 0.0,
        unseen=row["unseen"],
        answer=_answer(row),
        new=_new_licence(row),
        restores=row["restores_licence_id"] is not None,
    )


def _answer(row: asyncpg.Record) -> HaloAnswer | None:
    return None if row["answer_status"] is None else HaloAnswer(row["answer_status"], row["answer_words"])


def _new_licence(row: asyncpg.Record) -> NewLicence | None:
    """Return what a create says besides; None for what is no create, or where the partner wants nothing said."""
    if row["restores_licence_id"] is not None:
        return _restored(row)
    if row["action"] != Action.CREATE or (row["licence_type"] is None and row["invoice_id"] is None):
        return None
    if row["invoice_id"] is None:
        return NewLicence(row["licence_type"])
    notes = notes_of(row["product_name"], row["invoice_id"], stamp_of(row["run_id"], row["item_id"]))
    return NewLicence(row["licence_type"], row["product_code"], notes)


def _restored(row: asyncpg.Record) -> NewLicence:
    """Return what a create says that brings a deleted licence back: the stamp always, and both prices."""
    notes = restored_notes(row["restores_licence_id"], stamp_of(row["run_id"], row["item_id"]))
    prices = other_prices(PriceField(row["price_field"]), row["after_price"], row["was_other_price"])
    return NewLicence(row["was_licence_type"], row["product_code"] if row["details"] else None, notes, prices)
