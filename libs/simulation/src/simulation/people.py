"""What people do with what halosync has done: undo it, release what it holds, edit it in Halo (spec section 11)."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from uuid import UUID

from halo_sandbox.model import Licence
from halosync.domain.model import Outcome

from simulation.expected import Expected
from simulation.invoices import start, undo
from simulation.process import Dice
from simulation.rows import Run
from simulation.services import Deployment
from simulation.story import Chapter

LAST_RUNS = 3
"""Of so many runs that have changed something one is undone."""

EDITED = ("count", "price")

DELETED = ("count", 8.0)
"""Who would count so many deletes the licence instead."""


class People:
    """People of one partner.

    Args:
        deployment: where they work.
        expected: what is expected of their Halo; an edit of a price that others wrote is noted there.
        dice: what they do.
    """

    def __init__(self, deployment: Deployment, expected: Expected, dice: Dice) -> None:
        self._db, self._halo, self._expected, self._dice = deployment.database, deployment.halo, expected, dice
        self.edits = 0

    @property
    def chapters(self) -> Mapping[Chapter, Callable[[], object]]:
        """What they do, by the name of the chapter."""
        return {Chapter.UNDO: self.undo, Chapter.RELEASE: self.release, Chapter.EDIT: self.edit}

    def undo(self) -> None:
        """Undo one of the last runs that have changed something, if nothing else goes on."""
        if changed := [run_id for run_id in self._db.runs if self._db.done_by(run_id)]:
            undo(self._db, self._dice.one_of(changed[-LAST_RUNS:]))

    def release(self) -> None:
        """Release about half of the changes that the newest run holds."""
        if self._db.runs and (newest := self._newest()).state.is_final:
            self.release_of(newest, frozenset(n for n in self._held(newest) if self._dice.hits(0.5)))

    def release_of(self, run: Run, approved: frozenset[int]) -> None:
        """Start the run that does what was released, however many others stay held."""
        if not approved:
            return
        if run.undoes is None:
            started = start(self._db, approved=approved)
        else:
            started = undo(self._db, run.undoes, approved=approved)
        if isinstance(started, UUID):
            for item_id in approved:
                self._expected.of_others.pop(self._db.items[item_id].licence_id or 0, None)

    def edit(self) -> None:
        """Change a licence that halosync may change too, or delete it; now and then to what it was at some time."""
        licences = [each for each in self._halo.licences() if self._expected.key(each) not in self._expected.staying]
        if not licences:
            return
        licence, history = self._dice.one_of(licences), self._halo.tenant.licences.history
        been = [effect.before for effect in history if effect.before is not None and effect.after.id == licence.id]
        field = self._dice.one_of(EDITED)
        value = float(self._dice.one_of(range(1, 9)))
        if been and self._dice.hits(0.3):
            self._change(licence, asdict(self._dice.one_of(been)))
        elif (field, value) == DELETED:
            self._halo.tenant.licences.delete(licence, request=None, still_listed=self._dice.hits(0.5))
            self._expected.of_others.pop(licence.id, None)
        else:
            self._change(licence, {field: value})
        self.edits += 1

    def _change(self, licence: Licence, fields: Mapping[str, object]) -> None:
        changed = self._halo.tenant.licences.update(licence, fields, request=None)
        if self._expected.is_gone(changed):
            self._expected.of_others.pop(licence.id, None)
        elif licence.id in self._expected.of_others:
            self._expected.of_others[licence.id] = changed.price

    def _newest(self) -> Run:
        return max(self._db.runs.values(), key=lambda run: run.run_id.int)

    def _held(self, run: Run) -> list[int]:
        """Return what a run holds, by id."""
        items = self._db.items.values()
        return [item.item_id for item in items if item.run_id == run.run_id and item.outcome is Outcome.HELD]
