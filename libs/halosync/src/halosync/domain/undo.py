"""The plan that undoes a run: what it changed is put back where Halo still shows it so (spec section 11, "Undo").

What was created is removed in the way of the partner's settings; what was changed gets its state and name of before;
what was deleted is created again, with a new id, because Halo gives every licence its own. A licence that Halo only
made inactive when it was to delete it is made active again and keeps its id.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from halosync.domain import undo_sentences
from halosync.domain.drift import drift_of
from halosync.domain.item_sentences import kept, managed_elsewhere
from halosync.domain.licences import after_removal, is_removed, same_state, state_of, traits_of
from halosync.domain.model import Action, Drift, LastWritten, Licence, LicenceState, Outcome, PriceField, Reason, Traits
from halosync.domain.names import name_key
from halosync.domain.plan import PlanInput, PlannedItem


def undo_items(inputs: PlanInput) -> Iterator[PlannedItem]:
    """Yield the items of the plan that undoes `inputs.undone`, in its order, before anything is held.

    What that run only tried, and Halo keeps as it was, comes to no item.
    """
    undone = inputs.undone or ()
    of_client: dict[int, list[Licence]] = {
        item.halo_client_id: [] for item in undone if item.halo_client_id is not None
    }
    for licence in inputs.licences:
        if licence.client_id in of_client:
            of_client[licence.client_id].append(licence)
    linked = {link.halo_client_id for link in inputs.customer_links.values() if not link.excluded}
    there = {client.id for client in inputs.clients if not client.inactive or client.id in linked}
    now = {licence.id: licence for licence in inputs.licences}
    key = cache(name_key)
    gone = Counter(
        (item.halo_client_id, key(_name_then(item)))
        for item in undone
        if item.after is None and _newest(item.halo_licence_id, inputs.restored) not in now
    )
    undoing = _Undoing(inputs, now, of_client, frozenset(there), gone, key)
    for item in undone:
        if not _did_nothing(item):
            yield undoing.of(item)


def touched_licences(inputs: PlanInput) -> int:
    """Return how many active licences the clients have whose licences the run to undo has changed."""
    clients = {item.halo_client_id for item in inputs.undone or ()}
    return sum(licence.is_active for licence in inputs.licences if licence.client_id in clients)


def _did_nothing(item: PlannedItem) -> bool:
    """Tell whether Halo kept a licence as it was: it took the write and ignored it."""
    before, after = item.before, item.after
    return item.set_name is None and before is not None and after is not None and same_state(before, after)


def _newest(licence_id: int | None, restored: Mapping[int, int]) -> int:
    """Return what a licence is called by now: Halo gives one that an undo creates again another id."""
    number = licence_id or 0
    seen = {number}
    while restored.get(number, number) not in seen:
        number = restored[number]
        seen.add(number)
    return number


def _name_then(item: PlannedItem) -> str:
    """Return how the licence was called before the run."""
    return item.was.name if item.was is not None else item.licence_name or ""


@dataclass(frozen=True, slots=True)
class _Undoing:
    """What the items of the plan are made from.

    `there` are the clients that may be written to; `gone` counts the deleted licences of a client by the key of their
    name.
    """

    inputs: PlanInput
    now: Mapping[int, Licence]
    of_client: Mapping[int, Sequence[Licence]]
    there: frozenset[int]
    gone: Mapping[tuple[int | None, str], int]
    key: Callable[[str], str]

    def of(self, item: PlannedItem) -> PlannedItem:
        """Return the item that undoes `item`."""
        newest = _newest(item.halo_licence_id, self.inputs.restored)
        licence = self.now.get(newest)
        if item.halo_client_id not in self.there:
            return self._skip(item, licence, Reason.CHANGED_SINCE, undo_sentences.client_gone(item.halo_client_id))
        if item.halo_licence_id is None:
            return self._fail(item, Reason.OUTCOME_UNKNOWN, undo_sentences.never_found(_name_then(item)))
        if item.after is None and item.before is not None:
            if licence is not None:
                return self._bring_back_shown(item, item.before, licence)
            return self._bring_back(item, item.before, newest)
        return self._of_gone(item) if licence is None else self._of_shown(item, licence)

    def _of_gone(self, item: PlannedItem) -> PlannedItem:
        """Return the item for a licence that the run has created or changed, and that is gone."""
        if item.before is None:
            return self._make(item, None, Action.UNCHANGED, Outcome.SYNCED)
        return self._skip(item, None, Reason.CHANGED_SINCE, undo_sentences.licence_gone(item.halo_licence_id))

    def _of_shown(self, item: PlannedItem, licence: Licence) -> PlannedItem:
        """Return the item for a licence that the run has created or changed, and that is there."""
        if self._drift(item, licence) or licence.client_id != item.halo_client_id:
            named = licence.name == _name_then(item)
            if item.before is not None and self._is_put_back(item.before, self._state(licence), named=named):
                return self._as_it_is(item, licence)
            return self._changed(item, licence)
        if self._is_foreign(licence):
            words = managed_elsewhere([licence.id], licence.foreign_mark or "")
            return self._skip(item, licence, Reason.MANAGED_ELSEWHERE, words)
        return self._remove(item, licence) if item.before is None else self._put_back(item, item.before, licence)

    def _put_back(self, item: PlannedItem, then: LicenceState, licence: Licence) -> PlannedItem:
        """Return the update that gives a licence its state and name of before; a price that nobody wrote stays."""
        state, name = self._state(licence), _name_then(item)
        renamed = name != licence.name
        return self._make(
            item,
            licence,
            Action.UPDATE,
            before=state,
            after=replace(then, price=state.price) if self._field is PriceField.NONE else then,
            set_name=name if renamed else None,
            was=traits_of(licence, self._field) if renamed else None,
        )

    def _remove(self, item: PlannedItem, licence: Licence) -> PlannedItem:
        """Return the removal of a licence that the run has created."""
        state, removal = self._state(licence), self.inputs.settings.removal
        if is_removed(licence, removal, self.inputs.removed):
            return self._as_it_is(item, licence)
        if licence.id in self.inputs.kept:
            return self._skip(item, licence, Reason.KEPT, kept(licence.id))
        if licence.id in self.inputs.owned_by_others:
            return self._skip(item, licence, Reason.CHANGED_SINCE, undo_sentences.written_for_another(licence.id))
        was = traits_of(licence, self._field)
        return self._make(item, licence, Action.DELETE, before=state, after=after_removal(state, removal), was=was)

    def _bring_back_shown(self, item: PlannedItem, then: LicenceState, licence: Licence) -> PlannedItem:
        """Return the item for a licence that the run has deleted and Halo shows, by whatever name."""
        state = self._state(licence)
        if self._is_put_back(then, state, named=True):
            return self._as_it_is(item, licence)
        asleep = self._is_put_back(replace(then, active=False), state, named=True)
        by_halosync = licence.id == item.halo_licence_id or licence.id in self.inputs.removed
        if asleep and by_halosync and not self._is_foreign(licence):
            return self._make(item, licence, Action.UPDATE, before=state, after=then)
        return self._changed(item, licence)

    def _bring_back(self, item: PlannedItem, then: LicenceState, newest: int) -> PlannedItem:
        """Return the item for a licence that the run has deleted; its last number, `newest`, is not there."""
        if newest != item.halo_licence_id:  # brought back once, and removed again
            return self._skip(item, None, Reason.CHANGED_SINCE, undo_sentences.licence_gone(newest))
        perhaps = self.inputs.perhaps_restored.get(newest)
        if perhaps:
            return self._fail(item, Reason.OUTCOME_UNKNOWN, undo_sentences.perhaps_back(newest, sorted(perhaps)))
        name = _name_then(item)
        wanted = self.key(name)
        others = self.of_client.get(item.halo_client_id or 0, ())
        rivals = [other for other in others if other.is_active and self.key(other.name) == wanted]
        if rivals:
            return self._changed(item, rivals[0])
        if self.gone[item.halo_client_id, wanted] > 1:
            return self._fail(item, Reason.LICENCE_AMBIGUOUS, undo_sentences.several_deleted(name))
        return self._make(
            item,
            None,
            Action.CREATE,
            after=then,
            set_name=name,
            detail=undo_sentences.comes_back(item.halo_licence_id),
            was=item.was or Traits(name),
            restores=item.halo_licence_id,
        )

    @property
    def _field(self) -> PriceField:
        return self.inputs.settings.price_field

    def _state(self, licence: Licence) -> LicenceState:
        return state_of(licence, self._field)

    def _is_foreign(self, licence: Licence) -> bool:
        return licence.foreign_mark is not None and not self.inputs.settings.adopt_foreign

    def _is_put_back(self, then: LicenceState, now: LicenceState, *, named: bool) -> bool:
        """Tell whether a licence is as it was before the run already."""
        if self._field is PriceField.NONE:
            then = replace(then, price=now.price)
        return named and same_state(then, now)

    def _drift(self, item: PlannedItem, licence: Licence) -> tuple[Drift, ...]:
        """Return what is not as the run left it; nothing where the run left no licence."""
        if item.after is None:
            return ()
        return drift_of(licence, LastWritten(item.licence_name or "", item.after, self._field), self._field)

    def _as_it_is(self, item: PlannedItem, licence: Licence) -> PlannedItem:
        """Return the item of a licence that is as it was before the run."""
        state = self._state(licence)
        return self._make(item, licence, Action.UNCHANGED, Outcome.SYNCED, before=state, after=state)

    def _changed(self, item: PlannedItem, licence: Licence) -> PlannedItem:
        """Return the item of a licence that is not as the run left it, with both states: as it was left, and now."""
        left = None if item.after is None else (item.licence_name or "", item.after)
        words = undo_sentences.changed_since(licence.id, left, (licence.name, self._state(licence)))
        return self._skip(item, licence, Reason.CHANGED_SINCE, words)

    def _fail(self, item: PlannedItem, reason: Reason, detail: str) -> PlannedItem:
        return self._make(item, None, Action.NONE, Outcome.FAILED, reason=reason, detail=detail)

    def _skip(self, item: PlannedItem, licence: Licence | None, reason: Reason, detail: str) -> PlannedItem:
        now = None if licence is None else self._state(licence)
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
            drift=self._drift(item, licence) if changed and licence is not None else (),
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
        number = None if action is Action.CREATE else item.halo_licence_id
        made = PlannedItem(
            customer_ids=item.customer_ids,
            customer_name=item.customer_name,
            halo_client_id=item.halo_client_id,
            product_code=item.product_code,
            licence_name=what.get("set_name") or (licence.name if licence else item.licence_name),
            halo_licence_id=licence.id if licence else number,
            action=action,
            outcome=outcome,
            line_nos=item.line_nos,
            owned_after=item.was_owned,
        )
        return replace(made, **what)
