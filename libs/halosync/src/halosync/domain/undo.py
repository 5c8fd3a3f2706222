"""The plan that undoes a run: what it changed is put back where Halo still shows it so (spec section 11, "Undo").

What was created is removed in the way of the partner's settings; what was changed gets its state and name of before;
what was deleted is created again, with a new id, because Halo gives every licence its own. A licence that Halo only
made inactive when it was to delete it is made active again and keeps its id.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from halosync.domain import undo_sentences
from halosync.domain.item_sentences import kept, managed_elsewhere
from halosync.domain.licences import after_removal, is_removed
from halosync.domain.model import Action, Licence, LicenceState, Outcome, PriceField, Reason, Traits
from halosync.domain.plan import PlanInput, PlannedItem
from halosync.domain.undo_picture import UndoPicture, did_nothing, name_then, newest_id, undo_picture


def undo_items(inputs: PlanInput) -> Iterator[PlannedItem]:
    """Yield the items of the plan that undoes `inputs.undone`, in its order, before anything is held.

    What that run only tried, and Halo keeps as it was, comes to no item.
    """
    undoing = _Undoing(inputs, undo_picture(inputs))
    for item in inputs.undone or ():
        if not did_nothing(item):
            yield undoing.of(item)


def touched_licences(inputs: PlanInput) -> int:
    """Return how many active licences the clients have whose licences the run to undo has changed."""
    clients = {item.halo_client_id for item in inputs.undone or ()}
    return sum(licence.is_active for licence in inputs.licences if licence.client_id in clients)


@dataclass(frozen=True, slots=True)
class _Undoing:
    """What the items of the plan are made from."""

    inputs: PlanInput
    picture: UndoPicture

    def of(self, item: PlannedItem) -> PlannedItem:
        """Return the item that undoes `item`."""
        newest = newest_id(item.halo_licence_id, self.inputs.restored)
        licence = self.picture.now.get(newest)
        if item.halo_client_id not in self.picture.there:
            return self._skip(item, licence, Reason.CHANGED_SINCE, undo_sentences.client_gone(item.halo_client_id))
        if item.halo_licence_id in self.inputs.unsure_since:  # what Halo shows may be the later run's
            return self._skip(item, licence, Reason.CHANGED_SINCE, undo_sentences.unsure_since(item.halo_licence_id))
        if item.halo_licence_id is None:
            return self._fail(item, Reason.OUTCOME_UNKNOWN, undo_sentences.never_found(name_then(item)))
        if item.after is None and item.before is not None:
            if licence is not None:
                return self._bring_back_shown(item, item.before, licence)
            return self._bring_back(item, item.before, newest)
        return self._of_gone(item) if licence is None else self._of_shown(item, licence)

    def _of_gone(self, item: PlannedItem) -> PlannedItem:
        """Return the item for a licence that the run has created or changed, and that is gone."""
        if item.before is None and item.halo_licence_id in self.inputs.removed:
            return self._make(item, None, Action.UNCHANGED, Outcome.SYNCED)
        if self.picture.shows_none(item):
            return self._skip(item, None, Reason.CHANGED_SINCE, undo_sentences.none_shown(item.halo_licence_id))
        if item.before is None:
            return self._make(item, None, Action.UNCHANGED, Outcome.SYNCED)
        return self._skip(item, None, Reason.CHANGED_SINCE, undo_sentences.licence_gone(item.halo_licence_id))

    def _of_shown(self, item: PlannedItem, licence: Licence) -> PlannedItem:
        """Return the item for a licence that the run has created or changed, and that is there."""
        if self.picture.drift(item, licence) or licence.client_id != item.halo_client_id:
            named = licence.name == name_then(item)
            if named and item.before is not None and self.picture.is_put_back(item.before, self.picture.state(licence)):
                return self._as_it_is(item, licence)
            return self._changed(item, licence)
        if self.picture.is_foreign(licence):
            words = managed_elsewhere([licence.id], licence.foreign_mark or "")
            return self._skip(item, licence, Reason.MANAGED_ELSEWHERE, words)
        return self._remove(item, licence) if item.before is None else self._put_back(item, item.before, licence)

    def _put_back(self, item: PlannedItem, then: LicenceState, licence: Licence) -> PlannedItem:
        """Return the update that gives a licence its state and name of before; a price that nobody wrote stays."""
        state, name = self.picture.state(licence), name_then(item)
        renamed = name != licence.name
        return self._make(
            item,
            licence,
            Action.UPDATE,
            before=state,
            after=replace(then, price=state.price) if self.picture.price_field is PriceField.NONE else then,
            set_name=self.picture.asked_name(item) if renamed else None,
            licence_name=name,
            was=self.picture.traits(licence) if renamed else None,
        )

    def _remove(self, item: PlannedItem, licence: Licence) -> PlannedItem:
        """Return the removal of a licence that the run has created."""
        state, removal = self.picture.state(licence), self.inputs.settings.removal
        if is_removed(licence, removal, self.inputs.removed):
            return self._as_it_is(item, licence)
        if licence.id in self.inputs.kept:
            return self._skip(item, licence, Reason.KEPT, kept(licence.id))
        if licence.id in self.inputs.owned_by_others:
            return self._skip(item, licence, Reason.CHANGED_SINCE, undo_sentences.written_for_another(licence.id))
        after, was = after_removal(state, removal), self.picture.traits(licence)
        return self._make(item, licence, Action.DELETE, before=state, after=after, was=was)

    def _bring_back_shown(self, item: PlannedItem, then: LicenceState, licence: Licence) -> PlannedItem:
        """Return the item for a licence that the run has deleted and Halo shows, by whatever name."""
        state = self.picture.state(licence)
        if self.picture.is_put_back(then, state):
            return self._as_it_is(item, licence)
        asleep = self.picture.is_put_back(replace(then, active=False), state)
        by_halosync = licence.id == item.halo_licence_id or licence.id in self.inputs.removed
        if asleep and by_halosync and not self.picture.is_foreign(licence):
            return self._make(item, licence, Action.UPDATE, before=state, after=then)
        return self._changed(item, licence)

    def _bring_back(self, item: PlannedItem, then: LicenceState, newest: int) -> PlannedItem:
        """Return the item for a licence that the run has deleted; its last number, `newest`, is not there."""
        if newest != item.halo_licence_id:  # brought back once, and removed again
            return self._skip(item, None, Reason.CHANGED_SINCE, undo_sentences.licence_gone(newest))
        perhaps = self.inputs.perhaps_restored.get(newest)
        if perhaps:
            return self._fail(item, Reason.OUTCOME_UNKNOWN, undo_sentences.perhaps_back(newest, sorted(perhaps)))
        if self.picture.shows_none(item):  # one that took its place would not be seen either
            return self._skip(item, None, Reason.CHANGED_SINCE, undo_sentences.none_shown_to_come_back(newest))
        rival = self.picture.rival(item)
        if rival is not None:
            return self._changed(item, rival)
        name = name_then(item)
        if self.picture.is_ambiguous(item):
            return self._fail(item, Reason.LICENCE_AMBIGUOUS, undo_sentences.several_deleted(name))
        return self._make(
            item,
            None,
            Action.CREATE,
            after=then,
            set_name=self.picture.asked_name(item),
            licence_name=name,
            detail=undo_sentences.comes_back(item.halo_licence_id),
            was=item.was or Traits(name),
            restores=item.halo_licence_id,
        )

    def _as_it_is(self, item: PlannedItem, licence: Licence) -> PlannedItem:
        """Return the item of a licence that is as it was before the run."""
        state = self.picture.state(licence)
        return self._make(item, licence, Action.UNCHANGED, Outcome.SYNCED, before=state, after=state)

    def _changed(self, item: PlannedItem, licence: Licence) -> PlannedItem:
        """Return the item of a licence that is not as the run left it, with both states: as it was left, and now."""
        left = None if item.after is None else (item.licence_name or "", item.after)
        words = undo_sentences.changed_since(licence.id, left, (licence.name, self.picture.state(licence)))
        return self._skip(item, licence, Reason.CHANGED_SINCE, words)

    def _fail(self, item: PlannedItem, reason: Reason, detail: str) -> PlannedItem:
        return self._make(item, None, Action.NONE, Outcome.FAILED, reason=reason, detail=detail)

    def _skip(self, item: PlannedItem, licence: Licence | None, reason: Reason, detail: str) -> PlannedItem:
        now = None if licence is None else self.picture.state(licence)
        changed = reason is Reason.CHANGED_SINCE
        return self._make(
            item,
            licence,
            Action.NONE,
            Outcome.SKIPPED,
            reason=reason,
            detail=detail,
            before=item.after if changed else now,
            after=now,
            drift=self.picture.drift(item, licence) if changed and licence is not None else (),
        )

    def _make(
        self,
        item: PlannedItem,
        licence: Licence | None,
        action: Action,
        outcome: Outcome = Outcome.PENDING,
        **what: Any,
    ) -> PlannedItem:
        """Return an item for the same thing as `item`; `licence` is what Halo shows of it."""
        gone = None if action is Action.CREATE else item.halo_licence_id
        number = licence.id if licence else gone
        made = PlannedItem(
            customer_ids=item.customer_ids,
            customer_name=item.customer_name,
            halo_client_id=item.halo_client_id,
            product_code=item.product_code,
            licence_name=licence.name if licence else item.licence_name,
            halo_licence_id=number,
            action=action,
            outcome=outcome,
            line_nos=item.line_nos,
            was_owned=number in self.inputs.owned and action in {Action.UPDATE, Action.DELETE},
            owned_after=item.was_owned,
            undoes=item.item_id,
        )
        return replace(made, **what)
