"""From what is seen in Halo to whether an action was applied."""

from collections.abc import Sequence
from dataclasses import replace
from html import unescape

from halosync.domain import item_sentences, write_sentences
from halosync.domain.decimals import same_on_wire
from halosync.domain.details import stamp_of
from halosync.domain.first_review import reprices
from halosync.domain.licences import choose, is_removed, state_of
from halosync.domain.model import Action, KeptOtherwise, Licence, PriceField, Reason, Removal
from halosync.domain.names import name_key
from halosync.domain.products import Fault
from halosync.domain.verification import KeptField, differences, state_differences
from halosync.ports.batch_work import AppliedAction, BatchAtWork, FailedAction, OpenAction

from halo_writer.findings import (
    NO_STRANGERS,
    Adopt,
    FoundAsWanted,
    Gone,
    NotDone,
    Shown,
    Strangers,
    Stuck,
    WriteFinding,
)
from halo_writer.writes import wanted_state


def result_of(
    action: OpenAction, mark_no: int, batch: BatchAtWork, kept: Licence, warning: str | None = None
) -> AppliedAction | FailedAction:
    """Compare what was asked with what Halo keeps (spec section 9, "Verified writes").

    A created licence may be called otherwise than was asked: it is known by its id. An update of an undo is to be
    called `licence_name`, which Halo once made of what it was told.
    """
    wish = _wish(action, batch, kept, warning)
    if action.action is Action.DELETE:
        done = batch.removal is not Removal.DELETE and is_removed(kept, batch.removal, ())
        found = [] if done else differences(wish)
    else:
        renamed = {KeptField.NAME} if action.action is Action.CREATE else set[KeptField]()
        found = [each for each in differences(wish) if each.field not in renamed]
    if found:
        words = write_sentences.not_kept(found, warning)
        return FailedAction(action.item_id, mark_no, Reason.NOT_KEPT, words, kept.id, wish)
    return AppliedAction(action.item_id, mark_no, kept.id, None if _to_the_letter(wish) else wish)


def _wish(action: OpenAction, batch: BatchAtWork, kept: Licence, warning: str | None) -> KeptOtherwise:
    observed = state_of(kept, batch.price_field)
    if action.action is Action.DELETE:
        return KeptOtherwise(action.after, observed, None, kept.name, warning)
    asked = wanted_state(action)
    if batch.price_field is PriceField.NONE:
        asked = replace(asked, price=observed.price)
    as_planned = action.action is Action.UPDATE and kept.name == action.licence_name
    return KeptOtherwise(asked, observed, None if as_planned else action.set_name, kept.name, warning)


def _to_the_letter(wish: KeptOtherwise) -> bool:
    named = wish.asked_name is None or wish.asked_name == wish.kept_name
    return named and (wish.asked is None or same_on_wire(wish.asked.price, wish.kept.price))


def look(
    action: OpenAction, batch: BatchAtWork, licences: Sequence[Licence], strangers: Strangers = NO_STRANGERS
) -> WriteFinding:
    """Compare an action with the licences that its client has in Halo now (spec section 5.2).

    `licences` are all of the client's licences, inactive ones too, without those that Halo calls deleted.
    """
    if action.action is Action.CREATE and action.licence_id is None:
        return _look_for_created(action, batch, licences, strangers)
    found = next((licence for licence in licences if licence.id == action.licence_id), None)
    if action.action is Action.DELETE:
        # Whoever looks after a delete was sent takes an inactive licence for a deleted one: Halo's delete may be soft.
        # One that was inactive before says nothing.
        was_active = action.before is not None and action.before.active
        ours = {found.id} if found is not None and was_active else set[int]()
        gone = found is None or is_removed(found, batch.removal, ours)
        return Gone() if gone else NotDone(found)
    if found is None:
        return Stuck(Reason.HALO_REJECTED, write_sentences.vanished(action.licence_id))
    return Shown(found) if _as_wanted(found, action, batch.price_field) else NotDone(found)


def _look_for_created(
    action: OpenAction, batch: BatchAtWork, licences: Sequence[Licence], strangers: Strangers
) -> WriteFinding:
    wanted, stamp = name_key(_name(action)), stamp_of(batch.run_id, action.item_id)
    ours = [licence for licence in licences if licence.stamp == stamp]
    if len(ours) == 1:
        return _found(ours[0], action, batch, licences)
    if action.restores:  # it may have had an inactive namesake all the time: only what has come since can be it
        licences = _new_ones(action, strangers)
        strangers = replace(strangers, licences=licences)
    of_type = [licence for licence in licences if _is_of_type(licence, action)]
    found = choose([licence for licence in of_type if name_key(licence.name) == wanted])
    if found is None:
        unexplained = [licence for licence in _unexplained(action, licences, strangers) if _is_of_type(licence, action)]
        found = choose([licence for licence in unexplained if _may_be(licence, action, batch.price_field, strangers)])
        if found is None and unexplained:  # one of them may be it, called as nobody can tell: it is never made twice
            ids = sorted(licence.id for licence in unexplained)
            return Stuck(Reason.OUTCOME_UNKNOWN, write_sentences.perhaps_created(ids))
    if found is None:
        return NotDone()
    if isinstance(found, Fault):
        return Stuck(found.reason, found.detail)
    return _found(found, action, batch, licences)


def _found(licence: Licence, action: OpenAction, batch: BatchAtWork, licences: Sequence[Licence]) -> WriteFinding:
    """Say what becomes of a create whose licence this may be: by our stamp it surely is, by its name perhaps.

    What would not be changed by a plan is not changed by adopting it either (spec section 9, "Somebody else's licences"
    and "First review").
    """
    ours = licence.stamp == stamp_of(batch.run_id, action.item_id)
    marked = licence.foreign_mark if not batch.adopt_foreign else None  # another program was faster
    if marked is not None and not ours:
        return Stuck(Reason.MANAGED_ELSEWHERE, item_sentences.managed_elsewhere([licence.id], marked))
    another = not ours and (licence.stamp is not None or _keeps_stamps(action, licences))
    if _as_wanted(licence, action, batch.price_field):
        return FoundAsWanted(licence) if another else Shown(licence)
    if marked is not None:  # ours, and marked since
        return Stuck(Reason.MANAGED_ELSEWHERE, item_sentences.managed_elsewhere([licence.id], marked))
    if batch.unreviewed and not ours and reprices(licence, wanted_state(action), batch.price_field):
        return Stuck(Reason.OUTCOME_UNKNOWN, write_sentences.not_reviewed(licence.id))
    return Adopt(licence, ours=ours, another=another)


def _new_ones(action: OpenAction, strangers: Strangers) -> list[Licence]:
    """Return the strangers that are not inactive unless that was asked for: what was deleted once may be shown so."""
    return [licence for licence in strangers.licences if licence.is_active or not wanted_state(action).active]


def _is_of_type(licence: Licence, action: OpenAction) -> bool:
    """Tell whether a licence is of the type that the partner synchronises: others of its name are none of ours."""
    wanted = None if action.new is None else action.new.licence_type
    return wanted is None or licence.licence_type in {None, wanted}


def _keeps_stamps(action: OpenAction, licences: Sequence[Licence]) -> bool:
    """Tell whether this Halo would show the stamp of what the action made: so what has none, others made."""
    return action.new is not None and action.new.notes is not None and any(each.stamp for each in licences)


LEAST_OF_A_CUT_NAME = 16
"""A name that Halo has cut is known again by so many characters at least; shorter ones may be another product's."""


def _unexplained(action: OpenAction, licences: Sequence[Licence], strangers: Strangers) -> list[Licence]:
    """Return the strangers that the action may have made: no other program, and no other create of the run, did.

    Where Halo keeps stamps, what has none of ours is somebody else's.
    """
    own = name_key(_name(action))
    others = {name_key(name) for name in strangers.asked} - {own}
    stamped = _keeps_stamps(action, licences)
    return [
        licence
        for licence in strangers.licences
        if licence.foreign_mark is None
        and licence.stamp is None
        and name_key(unescape(licence.name)) not in others
        and not (stamped and name_key(unescape(licence.name)) != own)
    ]


def _may_be(licence: Licence, action: OpenAction, price_field: PriceField, strangers: Strangers) -> bool:
    """Tell whether a licence that nobody knew is the created one, its name escaped or cut by Halo."""
    wanted, shown = name_key(_name(action)), name_key(unescape(licence.name))
    if shown == wanted:
        return True
    rivals = sum(name_key(name).startswith(shown) for name in strangers.asked)
    cut = len(shown) >= LEAST_OF_A_CUT_NAME and wanted.startswith(shown) and rivals <= 1
    return cut and _as_wanted(licence, action, price_field)


def _name(action: OpenAction) -> str:
    return action.set_name or action.licence_name


def _as_wanted(licence: Licence, action: OpenAction, price_field: PriceField) -> bool:
    """Tell whether a licence is as asked, as far as Halo can keep it; the price of before proves no price near it."""
    observed = state_of(licence, price_field)
    wanted = wanted_state(action)
    if price_field is PriceField.NONE:
        wanted = replace(wanted, price=observed.price)
    if state_differences(wanted, observed):
        return False
    names = (None, licence.name)
    named = action.action is Action.CREATE or action.set_name in names or action.licence_name == licence.name
    changed = (
        same_on_wire(wanted.price, observed.price) or action.before is None or action.before.price != observed.price
    )
    return named and changed
