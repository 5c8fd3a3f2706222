"""The results of writes: what rows say of an item, and what is known of its licence; see `halosync.store.results`."""

from collections.abc import Sequence
from dataclasses import replace

from halosync.domain.model import Action, KeptOtherwise, LastWritten, Outcome, PriceField, Reason, WrittenLicence
from halosync.domain.states import IN_DOUBT, OPEN_ACTIONS, ActionState
from halosync.domain.verification import as_kept
from halosync.ports.batch_work import AppliedAction, FailedAction

from simulation.database import Database
from simulation.rows import Item, KnownLicence


def marked(db: Database, marks: dict[int, int], states: frozenset[ActionState] = IN_DOUBT) -> list[Item]:
    """Return the items that are still under these marks."""
    if not db.guards.mark:
        states = OPEN_ACTIONS
    items = [db.items[item_id] for item_id in marks]
    fenced = db.guards.fence
    return [
        item for item in items if item.action_state in states and (not fenced or item.mark_no == marks[item.item_id])
    ]


def record(db: Database, applied: Sequence[AppliedAction], failed: Sequence[FailedAction]) -> None:
    """Record what was applied and what failed, and what is known of the licences from that."""
    if not db.guards.verified:
        believed = [each for each in failed if each.reason is Reason.NOT_KEPT]
        applied = [*applied, *(AppliedAction(each.item_id, each.mark_no, each.licence_id) for each in believed)]
        failed = [each for each in failed if each not in believed]
    done = {each.item_id: each for each in applied}
    for item in marked(db, {each.item_id: each.mark_no for each in applied}):
        db.move_action(item, ActionState.APPLIED)
        item.outcome, item.settle_at = Outcome.SYNCED, None
        item.licence_id = item.licence_id or done[item.item_id].licence_id
        if done[item.item_id].found:
            item.action, item.before = Action.UNCHANGED, item.after
        else:
            _remember(db, item, done[item.item_id].otherwise)
    why = {each.item_id: each for each in failed}
    for item in marked(db, {each.item_id: each.mark_no for each in failed}, OPEN_ACTIONS):
        db.move_action(item, ActionState.REJECTED)
        item.outcome, item.settle_at, item.reason = Outcome.FAILED, None, why[item.item_id].reason
        if why[item.item_id].otherwise is not None:
            item.licence_id = item.licence_id or why[item.item_id].licence_id
            _remember(db, item, why[item.item_id].otherwise)


def _remember(db: Database, item: Item, otherwise: KeptOtherwise | None) -> None:
    """Know what was written or removed, and what Halo made of it, without another read."""
    if item.licence_id is None:
        return
    before = db.known.get(item.licence_id)
    stays = item.outcome is Outcome.FAILED and item.action is Action.DELETE
    if otherwise is not None and (stays or item.after is not None):
        item.licence_name = otherwise.kept_name or item.licence_name
        item.after = otherwise.kept if otherwise.asked is None else as_kept(otherwise.asked, otherwise.kept)
    if stays and before is not None:
        db.known[item.licence_id] = replace(before, written=replace(before.written, otherwise=otherwise))
    elif not stays and item.after is not None:
        written = _written(item, before.written if before is not None else WrittenLicence(), otherwise)
        db.known[item.licence_id] = KnownLicence(item.client_id or 0, owned=item.planned.owned_after, written=written)
    elif before is not None:
        db.known[item.licence_id] = replace(before, removed=True, written=_switched_off(before.written))


def _switched_off(written: WrittenLicence) -> WrittenLicence:
    """Return what is remembered of a removed licence: a Halo that still lists it shows it inactive."""
    last = written.last
    return replace(written, last=last and replace(last, state=replace(last.state, active=False)))


def _written(item: Item, before: WrittenLicence, otherwise: KeptOtherwise | None) -> WrittenLicence:
    """Return what is remembered of a written licence; see `store.written`."""
    asked, kept = before.asked_name, before.kept_name
    created = item.action is Action.CREATE
    if otherwise is not None and created and otherwise.asked_name not in (None, otherwise.kept_name):
        asked, kept = otherwise.asked_name, otherwise.kept_name
    if otherwise is not None and (created or otherwise.asked_name == otherwise.kept_name):
        otherwise = replace(otherwise, asked_name=None)
    last = None if item.after is None else LastWritten(item.licence_name, item.after, PriceField.PRICE)
    return WrittenLicence(item.product_code or before.product_code, asked, kept, otherwise, last)
