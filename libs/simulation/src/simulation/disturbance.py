"""The time in which things break: what the dice let happen to a world until its last run has ended."""

from collections import deque
from collections.abc import Callable

from halosync.domain.model import Outcome, Reason
from halosync.domain.states import RunState

from simulation import clock
from simulation.expected import Expected
from simulation.fault_rates import FaultRates
from simulation.halo import Halo
from simulation.process import Dice
from simulation.services import Deployment
from simulation.story import Chapter, Story

FAULTS_S = 3600.0
"""After so long at the latest nothing breaks any more."""

TICK_S = 5.0


class Disturbance:
    """Lets things break and people act. `ended` tells whether every run that is to be has ended.

    Attributes:
        changed: whether a person has removed something in Halo.
    """

    def __init__(
        self, deployment: Deployment, halo: Halo, expected: Expected, dice: Dice, *, ended: Callable[[], bool]
    ) -> None:
        self._deployment, self._halo, self._expected, self._dice = deployment, halo, expected, dice
        self._ended = ended
        self.changed = False

    async def run(self, story: Story, rates: FaultRates) -> None:
        """Let things break until the last run has ended, or for long enough."""
        dice, until = self._dice, clock.now() + FAULTS_S
        cancel_at = dice.between(1.0, 60.0) if self._deployment.scenario.cancel else None
        chapters, next_at = deque(self._deployment.scenario.chapters), 0.0
        while clock.now() < until and (chapters or not self._ended()):
            await clock.sleep(TICK_S * dice.between(0.5, 1.5))
            if chapters and (clock.now() >= next_at or self._ended()) and self._has_come(chapters[0]):
                story.tell(chapters.popleft())
                next_at = clock.now() + dice.between(1.0, 300.0)
            await self._something_breaks(rates)
            if dice.hits(0.5):
                self._deployment.keep_alive()
            if cancel_at is not None and clock.now() >= cancel_at:
                cancel_at = None
                self._cancel()

    def _has_come(self, chapter: Chapter) -> bool:
        """Tell whether a chapter may be told: what a run has done is undone or released when it has ended."""
        runs = self._deployment.database.runs.values()
        ended = bool(runs) and all(run.state.is_final for run in runs)
        return ended or chapter not in {Chapter.UNDO, Chapter.RELEASE}

    async def _something_breaks(self, rates: FaultRates) -> None:
        """Let happen, or not, what happens by itself and to nobody's request."""
        dice = self._dice
        if dice.hits(rates.broker_crash_per_s * TICK_S):
            await self._deployment.broker.crash(dice.between(1.0, 40.0))
        if dice.hits(rates.drop_per_s * TICK_S):
            self._deployment.broker.disconnect(dice.one_of(self._deployment.living()))
        if dice.hits(rates.revoke_per_s * TICK_S):
            self._halo.tenant.tokens.expire()
        if dice.hits(rates.blind_per_s * TICK_S):
            self._halo.faults.blind_until = clock.now() + dice.between(10.0, 600.0)
        if dice.hits(rates.person_per_s * TICK_S):
            self._person_removes()
        if dice.hits(rates.foreign_per_s * TICK_S):
            self._halo.tenant.count_foreign_requests(1)

    def _person_removes(self) -> None:
        """Let a person remove any licence in Halo; what no Sync may touch does not come back."""
        if not (licences := self._halo.licences()):
            return
        removed = self._dice.one_of(licences)
        self._halo.remove(removed)
        key = self._expected.key(removed)
        self._expected.removed.add(key[1])
        self._expected.staying.pop(key, None)
        self.changed = True

    def _cancel(self) -> None:
        """Cancel the run that goes on, as `RunStore.cancel` does."""
        db = self._deployment.database
        for run in db.runs.values():
            if run.state is RunState.WRITING:
                run.cancelled = True
                db.withdraw(run.run_id, Outcome.SKIPPED, Reason.RUN_CANCELLED)
                db.finish_if_done(run.run_id)
            elif not run.state.is_final:
                run.cancelled = True
                db.end(run.run_id, RunState.CANCELLED)
