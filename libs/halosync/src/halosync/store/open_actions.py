"""What the writers read: batches, their open actions, and which licences are known."""

from collections.abc import Sequence

import asyncpg

from halosync.domain.batching import BatchKind
from halosync.domain.details import notes_of, restored_notes, stamp_of
from halosync.domain.licences import other_prices
from halosync.domain.model import Action, PriceField, Removal
from halosync.domain.states import ActionState, BatchState
from halosync.ports.batch_work import BatchAtWork, HaloAnswer, OpenAction
from halosync.ports.licence_write import NewLicence
from halosync.store.item_views import licence_state
from halosync.store.limiter import own_rate
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES


class OpenActions:
    """The reading half of `ActionStore`. Arguments and meaning: the Protocol `halo_writer.ports.Actions`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def batch(self, batch_id: int) -> BatchAtWork | None:
        """Return a batch that is still to be worked on; None if it is done or unknown."""
        row = await QUERIES.batch_at_work(self._pool, batch_id=batch_id)
        if row is None or row["state"] == BatchState.DONE:
            return None
        return _batch_at_work(row)

    async def open_actions(self, batch_id: int) -> list[OpenAction]:
        """Return the actions of a batch that are not yet known to be done, in the plan's order."""
        return [_open_action(row) async for row in QUERIES.open_actions(self._pool, batch_id=batch_id)]

    async def known_licences(self, batch: BatchAtWork, client_id: int) -> set[int]:
        """Return the licences of a client that are known from the last complete read or from halosync's own writes."""
        rows = QUERIES.known_licences(
            self._pool, partner_id=batch.partner_id, tenant=batch.tenant, run_id=batch.run_id, client_id=client_id
        )
        return {row["halo_licence_id"] async for row in rows}

    async def ever_known(self, batch: BatchAtWork, licence_ids: Sequence[int]) -> set[int]:
        """Return which of these the batch's tenant had for all that halosync knows, removed ones included."""
        rows = QUERIES.ever_known(self._pool, partner_id=batch.partner_id, tenant=batch.tenant, licence_ids=licence_ids)
        return {row["halo_licence_id"] async for row in rows}

    async def created_names(self, batch: BatchAtWork, client_id: int) -> list[str]:
        """Return what all licences are to be called that the batch's run creates for a client."""
        rows = QUERIES.created_names(self._pool, run_id=batch.run_id, client_id=client_id)
        return [row["name"] async for row in rows]

    async def knows_licences(self, batch: BatchAtWork) -> bool:
        """Tell whether any client of the batch's tenant has one."""
        of = {"partner_id": batch.partner_id, "tenant": batch.tenant, "run_id": batch.run_id}
        return bool(await QUERIES.knows_licences(self._pool, **of))


def _batch_at_work(row: asyncpg.Record) -> BatchAtWork:
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
        rate=own_rate(row["rate_requests"], row["rate_window_s"]),
        stopping=row["stopping"],
        connected=row["connected"],
        unreviewed=row["unreviewed"],
        adopt_foreign=row["adopt_foreign"],
    )


def _open_action(row: asyncpg.Record) -> OpenAction:
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
    """Return what a create says that brings a deleted licence back: its product code, the stamp, and both prices."""
    notes = restored_notes(row["restores_licence_id"], stamp_of(row["run_id"], row["item_id"]))
    prices = other_prices(PriceField(row["price_field"]), row["after_price"], row["was_other_price"])
    return NewLicence(row["was_licence_type"], row["was_product_sku"], notes, prices)
