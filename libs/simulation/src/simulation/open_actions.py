"""A double of `halosync.store.open_actions.OpenActions`, under the same suite (tests/integration/actions)."""

from collections.abc import Sequence

from halosync.domain.details import notes_of, restored_notes, stamp_of
from halosync.domain.licences import other_prices
from halosync.domain.model import Action, PriceField
from halosync.domain.states import OPEN_ACTIONS, BatchState
from halosync.ports.batch_work import BatchAtWork, OpenAction
from halosync.ports.licence_write import NewLicence

from simulation.clock import now
from simulation.database import Database, Step, at_once
from simulation.rows import Item


class MemoryOpenActions:
    """What the writers read. Each method is one step."""

    def __init__(self, database: Database, step: Step = at_once) -> None:
        self._db = database
        self._step = step

    async def batch(self, batch_id: int) -> BatchAtWork | None:
        """As `ActionStore.batch`."""
        return await self._step(lambda: _batch_at_work(self._db, batch_id))

    async def open_actions(self, batch_id: int) -> list[OpenAction]:
        """As `ActionStore.open_actions`."""
        return await self._step(
            lambda: [_open_action(self._db, i) for i in self._db.items_of(batch_id) if i.action_state in OPEN_ACTIONS]
        )

    async def known_licences(self, batch: BatchAtWork, client_id: int) -> set[int]:
        """As `ActionStore.known_licences`."""
        return await self._step(lambda: {n for n, of in self._known(batch).items() if of == client_id})

    async def ever_known(self, _batch: BatchAtWork, licence_ids: Sequence[int]) -> set[int]:
        """As `ActionStore.ever_known`."""
        return await self._step(lambda: (self._db.known.keys() | self._db.missing.keys()) & set(licence_ids))

    async def created_names(self, batch: BatchAtWork, client_id: int) -> list[str]:
        """As `ActionStore.created_names`."""
        return await self._step(
            lambda: [
                item.set_name or item.licence_name
                for item in self._db.items.values()
                if item.run_id == batch.run_id and item.client_id == client_id and item.action is Action.CREATE
            ]
        )

    async def knows_licences(self, batch: BatchAtWork) -> bool:
        """As `ActionStore.knows_licences`."""
        return await self._step(lambda: bool(self._known(batch)))

    def _known(self, batch: BatchAtWork) -> dict[int, int]:
        if not self._db.guards.belief:
            return {}
        items = self._db.items.values()
        going = {i.licence_id for i in items if i.run_id == batch.run_id and i.action is Action.DELETE}
        return {n: licence.client_id for n, licence in self._db.known.items() if not licence.removed and n not in going}


def _batch_at_work(db: Database, batch_id: int) -> BatchAtWork | None:
    batch = db.batches.get(batch_id)
    if batch is None or batch.state is BatchState.DONE:
        return None
    run = db.runs[batch.run_id]
    return BatchAtWork(
        batch_id=batch_id,
        run_id=batch.run_id,
        partner_id=db.partner_id,
        tenant=db.tenant,
        kind=batch.kind,
        failures=batch.failures,
        refused_generation=batch.refused_generation,
        refused_rows=batch.refused_rows,
        removal=db.settings.removal,
        price_field=PriceField.PRICE,
        rate=None,
        stopping=run.cancelled or run.error_code is not None,
        connected=db.connected,
        unreviewed=run.unreviewed,
        adopt_foreign=db.settings.adopt_foreign,
    )


def _open_action(db: Database, item: Item) -> OpenAction:
    """Return an action as the writers see it; see `store.open_actions`."""
    settle = db.guards.settle and item.settle_at is not None
    return OpenAction(
        item_id=item.item_id,
        client_id=item.client_id or 0,
        licence_id=item.licence_id,
        action=item.action,
        set_name=item.set_name,
        licence_name=item.licence_name,
        attempt=item.attempts,
        mark_no=item.mark_no,
        action_state=item.action_state,
        before=item.before,
        after=item.after,
        settle_wait_s=max((item.settle_at or 0.0) - now(), 0.0) if settle else 0.0,
        unseen=item.unseen,
        answer=item.answer,
        new=_restored(item) or _details(db, item),
        restores=item.planned.restores is not None,
    )


def _details(db: Database, item: Item) -> NewLicence | None:
    """What a create says besides, with the stamp."""
    if item.action is not Action.CREATE or not db.settings.details:
        return None
    invoice_id = db.invoices[db.runs[item.run_id].invoice_pk].invoice_id
    return NewLicence(None, item.product_code, notes_of(None, invoice_id, stamp_of(item.run_id, item.item_id)))


def _restored(item: Item) -> NewLicence | None:
    """Return what a create says that brings a deleted licence back."""
    if item.planned.restores is None:
        return None
    was = item.planned.was
    notes = restored_notes(item.planned.restores, stamp_of(item.run_id, item.item_id))
    if was is None:
        return NewLicence(notes=notes)
    price = None if item.after is None else item.after.price
    return NewLicence(was.licence_type, was.product_sku, notes, other_prices(PriceField.PRICE, price, was.other_price))
