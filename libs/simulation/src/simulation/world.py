"""One world: drawn from a seed, run with faults, then without until it rests, and checked."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.model import Outcome, Reason
from halosync.domain.run_sentences import NoRun
from halosync.domain.states import RunState

from simulation import clock
from simulation.book import Book, Key, Published, Wish
from simulation.expected import Expected
from simulation.fault_rates import NONE, FaultRates, drawn_rates
from simulation.filling import fill
from simulation.guards import ALL, Guards
from simulation.halo import REFUSED, Halo
from simulation.invariants import broken
from simulation.invoices import invoices_to_sync, owed, start
from simulation.messages import Consumer, Envelope
from simulation.people import People
from simulation.process import Dice, Process
from simulation.rows import Item
from simulation.scenario import Scenario, drawn_scenario, with_oddities, with_others, with_thoughts
from simulation.services import INVOICE_READY, LICENCE_ACTIONS, POISON, RUN_FINISHED, Deployment
from simulation.story import Chapter, Story

FAULTS_S = 3600.0
"""After so long at the latest nothing breaks any more."""

RECOVERY_S = 24 * 3600.0
"""How long a world without faults may take to come to rest: fifty attempts and look-ups after them, each through two
windows of a limit; and a run before them that began as late."""

QUIET_S = 400.0
"""At rest a world goes on for so long: what was stopped goes on, what is late happens."""

TICK_S = 5.0


@dataclass(frozen=True)
class WorldResult:
    """How a world ended: `broken` holds one sentence for each invariant that does not hold.

    `failed` are the licences that failed in any run, with their reasons; `removed` those that a person removed; `undos`
    how many runs have undone something.
    """

    seed: int
    broken: tuple[str, ...]
    virtual_s: float
    requests: int
    runs: int
    states: tuple[str, ...]
    failed: tuple[tuple[str, str], ...] = ()
    removed: frozenset[str] = frozenset()
    undos: int = 0

    @property
    def good(self) -> bool:
        """Whether every invariant holds."""
        return not self.broken


def simulate(
    seed: int, *, guards: Guards = ALL, rates: FaultRates | None = None, scenario: Scenario | None = None
) -> WorldResult:
    """Run the world of a seed and return how it ended; the same arguments end the same way.

    `rates` and `scenario` are drawn from the seed when they are not given.
    """
    dice = Random(seed)
    scenario_of_seed, rates_of_seed = drawn_scenario(dice), drawn_rates(dice)
    scenario_of_seed = with_oddities(with_thoughts(with_others(scenario_of_seed, dice), dice), dice)
    world = _World(seed, guards, rates or rates_of_seed, scenario or scenario_of_seed)
    return clock.run(world.live())


class _World:
    def __init__(self, seed: int, guards: Guards, rates: FaultRates, scenario: Scenario) -> None:
        self._seed, self._scenario, self._rates = seed, scenario, rates
        self._dice = Dice(seed, rates)
        self._guards = guards
        self._names = 0
        self._book = Book()
        self._expected = Expected(scenario)
        self._unapproved: list[str] = []
        self._approved = not scenario.reviews
        self._changed = False

    async def live(self) -> WorldResult:
        """Run from the first message to the last check."""
        self._halo = Halo(self._dice, self._scenario)
        self._deployment = Deployment(self._dice, self._guards, self._halo, self._scenario)
        database = self._deployment.database
        database.review_first_sync = self._scenario.reviews
        database.settings = replace(database.settings, on_drift=self._scenario.on_drift)
        self._people = People(self._deployment, self._expected, self._dice)
        first = fill(self._halo, self._scenario, self._expected)
        self._story = self._new_story(first)
        # From the first plan on halosync knows what is there, and must not believe a list that shows nothing.
        self._knows = bool({licence.id for licence in self._halo.licences()} - self._expected.stale)
        self._deployment.database.on_planned = self._planned
        self._listen()
        self._keep_alive()
        self._publish(Published(0, first))
        if self._scenario.poison:
            self._deployment.poisoned = True
            self._deployment.broker.accept(Envelope(LICENCE_ACTIONS, POISON))
        try:
            await self._shake()
            self._dice.stop_faults()
            rested = await self._recover()
            idle = not rested or await self._repeats_nothing()
            if not self._approved:
                self._unapproved = self._changed_unseen()
            self._expected.wishes = self._wishes()
            self._expected.always = self._book.always
            problems = self._unapproved + list(
                broken(self._deployment, self._expected, self._book, foreign=self._rates.foreign_per_s > 0)
            )
        finally:
            for process in self._deployment.processes:
                process.over = True
        states = tuple(run.state for run in self._deployment.database.runs.values())
        problems += [] if idle else ["I10 what Halo did not keep was sent again"]
        problems += [] if rested else [f"liveness: not at rest after {RECOVERY_S:g} s without faults"]
        items = self._deployment.database.items.values()
        failed = tuple((item.licence_name, str(item.reason)) for item in items if item.outcome is Outcome.FAILED)
        return WorldResult(
            seed=self._seed,
            broken=tuple(problems),
            virtual_s=clock.now(),
            requests=len(self._halo.tenant.requests),
            runs=len(states),
            states=states,
            failed=failed,
            removed=frozenset(self._expected.removed),
            undos=self._undos(),
        )

    def _undos(self) -> int:
        db = self._deployment.database
        return sum(run.undoes is not None and bool(db.done_by(run.run_id)) for run in db.runs.values())

    def _planned(self) -> None:
        self._halo.faults.may_show_nothing, self._halo.faults.may_be_blind = True, self._knows

    def _wishes(self) -> dict[Key, Wish]:
        """Return what Halo must hold by now, without what it refuses for ever."""
        demand = self._book.demand()
        return {key: wish for key, wish in demand.items() if not (self._scenario.refuses and key[1] == REFUSED)}

    # ------------------------------------------------------------------ the beginning

    def _new_story(self, first: Mapping[Key, Wish]) -> Story:
        clients = min(self._scenario.clients, self._scenario.products)
        return Story(
            self._book,
            self._dice,
            stays=set(list(first)[:clients]),
            every=first,
            publish=self._publish,
            choose=self._choose,
            # Nobody accepts a list that is short before having seen it: while the agent may be blind, it may be empty.
            sync=lambda: start(self._deployment.database),
            people=self._people.chapters,
        )

    def _publish(self, invoice: Published) -> None:
        self._book.publish(invoice)
        self._deployment.broker.accept(Envelope(INVOICE_READY, invoice.body()))

    def _choose(self, period: str, choice: MonthInvoices) -> None:
        self._book.choose(period, choice)
        self._deployment.database.months[period] = choice

    def _listen(self) -> None:
        """Hear, as the rest of the world, which runs have ended."""
        world = Process("world", Dice(0, NONE))
        self._deployment.processes.append(world)

        async def hear(run_id: Any) -> None:
            self._deployment.announced.append(run_id)

        self._deployment.broker.consume(Consumer(world, RUN_FINISHED, hear, 100))

    # ------------------------------------------------------------------ with faults

    def _keep_alive(self) -> None:
        """Start what has died anew, as a supervisor does."""
        for kind, number, begin in (
            ("planner", self._scenario.planners, self._deployment.start_planner),
            ("writer", self._scenario.writers, self._deployment.start_writer),
        ):
            living = sum(process.name.startswith(kind) for process in self._deployment.living())
            for _ in range(number - living):
                self._names += 1
                begin(f"{kind}-{self._names}")

    async def _shake(self) -> None:
        """Let things break until the last run has ended, or for long enough."""
        dice, rates, until = self._dice, self._rates, clock.now() + FAULTS_S
        cancel_at = dice.between(1.0, 60.0) if self._scenario.cancel else None
        chapters, next_at = deque(self._scenario.chapters), 0.0
        while clock.now() < until and (chapters or not self._ended()):
            await asyncio.sleep(TICK_S * dice.between(0.5, 1.5))
            if chapters and (clock.now() >= next_at or self._ended()) and self._has_come(chapters[0]):
                self._story.tell(chapters.popleft())
                next_at = clock.now() + dice.between(1.0, 300.0)
            await self._something_breaks(rates)
            if dice.hits(0.5):
                self._keep_alive()
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
        self._changed = True

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

    def _ended(self) -> bool:
        """Tell whether every invoice has been taken in and every run that is to be has ended."""
        db = self._deployment.database
        taken_in = len(db.inbox) + len(db.rejected) >= len(self._book.published)
        ended = bool(db.runs) and all(run.state.is_final for run in db.runs.values())
        return taken_in and ended and owed(db) is None and not db.outbox

    # ------------------------------------------------------------------ without faults

    async def _recover(self) -> bool:
        """Wait until the run has ended; press Sync again while something is left to do; False if it never ends."""
        self._changed |= self._people.edits > 0
        for _ in range(8):
            self._keep_alive()
            if not await self._rests():
                return False
            if self._done() and not self._changed:
                return True
            self._changed = False
            self._choose_at_last()
            accepts = bool(self._expected.removed or self._scenario.unlisted)
            if accepts:
                # Who has removed licences in Halo by hand, or has clients that it does not list, says that the list may
                # be shorter, having seen that it is right otherwise: whoever accepts what an agent without rights sees
                # gets a run that does nothing.
                await asyncio.sleep(max(self._halo.faults.shows_lists_at - clock.now(), 0.0))
            held = self._held()
            if held and not self._approved:
                self._unapproved, self._approved = self._changed_unseen(), True
            start(
                self._deployment.database,
                accept_shrunk_read=accepts,
                approve_review=held or None,
                approved=frozenset(item.item_id for item in self._held_items(Reason.EDITED_IN_HALO)),
            )
        return False

    def _choose_at_last(self) -> None:
        """Let a person say which invoices count, where a month has several and nobody has said it."""
        period = self._book.counting()[0].period
        if invoices_to_sync(self._deployment.database) is NoRun.SEVERAL_INVOICES:
            self._choose(period, self._dice.one_of(tuple(MonthInvoices)))

    def _held(self) -> int:
        """How many changes the newest run holds for the first review: what a person looks at and approves."""
        return len(self._held_items(Reason.FIRST_REVIEW))

    def _held_items(self, reason: Reason) -> list[Item]:
        """Return what the newest run holds for a reason; what an undo holds is none of a Sync's."""
        db = self._deployment.database
        newest = max(db.runs.values(), key=lambda run: run.run_id.int)
        items = [item for item in db.items.values() if item.run_id == newest.run_id and newest.undoes is None]
        return [item for item in items if item.reason == reason and item.outcome is Outcome.HELD]

    def _changed_unseen(self) -> list[str]:
        """Say what was removed or repriced before anybody approved (spec section 15.10)."""
        tenant, removed = self._halo.tenant, self._expected.removed
        now = {licence.id: licence for licence in tenant.licences.ever()}
        return [
            f"I10 licence {number} of others was removed or repriced before a person approved it"
            for number, price in self._expected.of_others.items()
            if self._expected.plain(now[number].name) not in removed
            and (now[number].deleted or now[number].price != price)
        ]

    async def _rests(self) -> bool:
        """Wait until the run has ended and all is quiet; False if that never comes."""
        until = clock.now() + RECOVERY_S
        while not (self._ended() and self._deployment.broker.idle):
            if clock.now() > until:
                return False
            await asyncio.sleep(TICK_S)
        await asyncio.sleep(QUIET_S)
        return True

    def _done(self) -> bool:
        """Whether the newest run did all there is to do; a refused product fails for ever, and alone."""
        db = self._deployment.database
        if isinstance(invoices := invoices_to_sync(db), NoRun):
            return False
        newest = max(db.runs.values(), key=lambda run: run.run_id.int)
        left = [item for item in db.items.values() if item.run_id == newest.run_id and item.outcome is Outcome.FAILED]
        refused = [item for item in left if item.licence_name == REFUSED and item.reason == Reason.HALO_REJECTED]
        not_kept = [item for item in left if item.reason == Reason.NOT_KEPT and self._scenario.keeps != "all"]
        wanted = (newest.invoice_pk, *newest.further) == tuple(invoice.invoice_pk for invoice in invoices)
        refuses = self._scenario.refuses and any(code == REFUSED for _, code in self._book.demand())
        explained = len(left) == len(refused) + len(not_kept) and bool(refused) is refuses
        ended = newest.state is (RunState.PARTIAL if left else RunState.SUCCEEDED)
        held = self._held() or self._held_items(Reason.EDITED_IN_HALO)
        return wanted and ended and explained and newest.undoes is None and not held

    async def _repeats_nothing(self) -> bool:
        """Press Sync once more where Halo does not keep all; tell whether nothing is sent that was sent before."""
        if self._scenario.keeps == "all" or self._scenario.refuses:
            return True
        before = len(self._writes())
        start(self._deployment.database, accept_shrunk_read=bool(self._expected.removed))
        return await self._rests() and len(self._writes()) == before

    def _writes(self) -> list[str]:
        return [entry.method for entry in self._halo.tenant.requests.since(0) if entry.method != "GET"]
