"""What must hold of every undo when a world has come to rest, by Halo's own history (spec section 11, "Undo")."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from halo_sandbox.history import Effect
from halo_sandbox.keeping import kept
from halo_sandbox.model import Licence
from halosync.domain.model import Action, Outcome, Reason

from simulation.book import Key
from simulation.clock import now
from simulation.expected import Expected
from simulation.rows import Item, Run
from simulation.services import Deployment

_KEPT = ("count", "price", "billing_cycle")
_NEW = {"id": 0, "notes": None}
"""What a licence that comes back has of its own."""


@dataclass(frozen=True)
class _Traces:
    """What a run has done in Halo: its effects, and by licence the state before the first and after the last one."""

    effects: Sequence[Effect]
    was: Mapping[int, Licence | None]
    left: Mapping[int, Licence]


def undos_broken(deployment: Deployment, expected: Expected) -> Iterator[str]:
    """Say, one sentence each, where an undo did not do what it is to do, or more than that."""
    undos = _Undos(deployment, expected)
    for run in deployment.database.runs.values():
        if run.undoes is not None:
            yield from undos.broken(run, deployment.database.runs[run.undoes])


def by_undos(deployment: Deployment) -> set[int]:
    """Return the numbers of the requests that undos have sent."""
    runs = [run for run in deployment.database.runs.values() if run.undoes is not None]
    return {entry.n for entry in deployment.halo.tenant.requests.since(0) if any(_is_of(run, entry.at) for run in runs)}


def _is_of(run: Run, at: float) -> bool:
    """Tell whether something happened while a run went on; a partner has one at a time."""
    return run.started_at <= at and (run.ended_at is None or at <= run.ended_at)


def _is_while_read(run: Run, at: float) -> bool:
    """Tell whether something happened while a run read Halo, so that it may have seen it or not."""
    return run.started_at <= at <= (run.writing_at or now())


class _Undos:
    def __init__(self, deployment: Deployment, expected: Expected) -> None:
        self._db, self._halo, self._expected = deployment.database, deployment.halo, expected
        self._history = deployment.halo.tenant.licences.history
        self._sent = {entry.n: entry.at for entry in deployment.halo.tenant.requests.since(0)}
        self._traces = {run_id: self._traces_of(run) for run_id, run in self._db.runs.items()}
        self._came_of: dict[int, int] = {}

    def _traces_of(self, run: Run) -> _Traces:
        """Return what a run's requests have done, whenever they had their effects."""
        effects = [e for e in self._history if e.request is not None and _is_of(run, self._sent[e.request])]
        was: dict[int, Licence | None] = {}
        for effect in effects:
            was.setdefault(effect.after.id, effect.before)
        return _Traces(effects, was, {effect.after.id: effect.after for effect in effects})

    def broken(self, run: Run, undone: Run) -> Iterator[str]:
        """Say what is wrong with an undo; in the order in which they were, for each knows what came back before."""
        name = f"I11 undo {run.run_id.int} of run {undone.run_id.int}"
        mine, theirs = self._traces[run.run_id], self._traces[undone.run_id]
        people = self._people(lambda at: _is_of(run, at))
        for number, times in Counter(e.after.id for e in mine.effects if e.before != e.after).items():
            if times > 1 and number not in people:
                yield f"{name} changed licence {number} {times} times"
        touched = {self._newest(number) for number in theirs.was} | self._set_by_people(mine, undone)
        back = self._brought_back(mine, undone)
        made = {self._newest(number) for number, was in theirs.was.items() if self._content(was) is None}
        for effect in mine.effects:
            if effect.after.id not in touched and effect.after.id not in back:
                yield f"{name} touched licence {effect.after.id}, which that run has not: {effect}"
            elif effect.after.deleted and effect.after.id not in made:
                yield f"{name} removed licence {effect.after.id}, which that run has not made: {effect}"
        unseen = self._people(lambda at: _is_while_read(run, at))
        for number, left in theirs.left.items():
            newest = self._newest(number)
            if newest in unseen:
                continue  # the undo cannot know whether this came before what it read
            found = self._at(newest, run.started_at)
            if newest in mine.was and self._content(found) != self._content(left):
                yield f"{name} changed licence {newest}, which was not as that run left it: {found} for {left}"
        yield from (f"{name} {words}" for words in self._not_restored(run, undone, back))
        self._came_of |= {deleted: new for new, deleted in back.items()}

    def _set_by_people(self, mine: _Traces, undone: Run) -> set[int]:
        """Return what a run never found out about, and a person has set since, the last before an undo.

        The undo changes it where that is exactly what the run had asked for: nobody can tell the one from the other.
        """
        unsure = {
            item.licence_id
            for item in self._db.items.values()
            if item.run_id == undone.run_id
            and item.reason == Reason.OUTCOME_UNKNOWN
            and item.action in {Action.UPDATE, Action.DELETE}
        }
        set_by_people = set()
        for effect in mine.effects:
            earlier = [e for e in self._history if e.after.id == effect.after.id and e.n < effect.n]
            if effect.after.id in unsure and earlier[-1].request is None and earlier[-1].at > undone.started_at:
                set_by_people.add(effect.after.id)
        return set_by_people

    def _brought_back(self, mine: _Traces, undone: Run) -> dict[int, int]:
        """Return the licences that were created, with the number of the one that each brings back."""
        back, theirs = {}, self._traces[undone.run_id]
        gone = {self._key(left): number for number, left in theirs.left.items() if left.deleted}
        # A removal that found nothing left to remove is that run's too: a person was quicker.
        quicker = [e.after for e in self._history if e.request is None and e.after.deleted and _is_of(undone, e.at)]
        gone = {self._key(licence): licence.id for licence in quicker} | gone
        for effect in mine.effects:
            number = gone.get(self._key(effect.after))
            if effect.effect == "create" and number is not None:
                back[effect.after.id] = self._newest(number)
        return back

    def _not_restored(self, run: Run, undone: Run, back: Mapping[int, int]) -> Iterator[str]:
        theirs = self._traces[undone.run_id]
        ended = run.ended_at if run.ended_at is not None else run.started_at
        items = [item for item in self._db.items.values() if item.run_id == run.run_id]
        # What a person does while a run goes on, the run may have written over; what comes between the two is seen.
        people = self._people(lambda at: _is_of(undone, at) or _is_of(run, at))
        for number, was in theirs.was.items():
            left = theirs.left[number]
            newest = self._newest(number)
            now_called = {new for new, deleted in back.items() if deleted == newest} or {newest}
            if {number, *now_called} & people or self._content(was) == self._content(left):
                continue
            of_it = [each for each in items if self._is_of_licence(each, number, newest, self._key(left))]
            if not of_it and run.wrote:
                yield f"has no item for licence {number}"
            if of_it and all(item.outcome is Outcome.SYNCED for item in of_it):
                found = self._at(max(now_called), ended)
                if self._content(found) != self._content(was):
                    yield f"says that licence {number} is put back to {was}, and Halo has {found}"

    def _people(self, when: Callable[[float], bool]) -> set[int]:
        """Return the licences that people have changed at such times."""
        return {effect.after.id for effect in self._history if effect.request is None and when(effect.at)}

    def _is_of_licence(self, item: Item, number: int, newest: int, key: Key) -> bool:
        named = (item.client_id or 0, self._expected.plain(item.licence_name))
        return item.licence_id in {number, newest} or item.planned.restores == number or named == key

    def _newest(self, number: int) -> int:
        while number in self._came_of:
            number = self._came_of[number]
        return number

    def _key(self, licence: Licence) -> Key:
        return licence.client_id, self._expected.plain(licence.name)

    def _at(self, number: int, at: float) -> Licence | None:
        """Return a licence as it was at a moment."""
        found = None
        for effect in self._history:
            if effect.after.id == number and effect.at <= at:
                found = effect.after
        return found

    def _content(self, licence: Licence | None) -> Licence | None:
        """Return what is to be the same of a licence again, as this Halo keeps it; None: it is not there."""
        if licence is None or self._expected.is_gone(licence):
            return None
        # A name that people gave may be one that this Halo makes of nothing that it is sent.
        asked = {name: getattr(licence, name) for name in _KEPT} | {"name": self._expected.plain(licence.name)}
        sent = kept(asked, self._halo.tenant.settings)
        return replace(licence, **{**_NEW, **sent})
