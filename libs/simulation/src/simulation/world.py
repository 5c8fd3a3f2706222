"""One world: drawn from a seed, run with faults, then without until it rests, and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from uuid import UUID

from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.model import Outcome

from simulation import clock
from simulation.book import Book, Key, Published, Wish
from simulation.disturbance import Disturbance
from simulation.expected import Expected
from simulation.fault_rates import NONE, FaultRates, drawn_rates, with_refusals
from simulation.filling import fill
from simulation.guards import ALL, Guards
from simulation.halo import REFUSED, Halo
from simulation.invariants import broken
from simulation.invoices import owed, start
from simulation.messages import Consumer, Envelope
from simulation.people import People
from simulation.process import Dice, Process
from simulation.recovery import RECOVERY_S, Recovery
from simulation.scenario import Scenario, drawn_scenario, with_odd_billing, with_oddities, with_others, with_thoughts
from simulation.services import INVOICE_READY, LICENCE_ACTIONS, POISON, RUN_FINISHED, Deployment
from simulation.story import Story


@dataclass(frozen=True)
class WorldResult:
    """How a world ended: `broken` holds one sentence for each invariant that does not hold.

    `failed` are the licences that failed in any run, with their reasons; `removed` those that a person removed; `undos`
    how many runs have undone something. `took_s`: from the first run's start to the last one's end, in virtual seconds;
    `limited`: how many requests Halo answered with 429.
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
    took_s: float = 0.0
    limited: int = 0

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
    rates_of_seed = with_refusals(rates_of_seed, dice)
    scenario_of_seed = with_odd_billing(scenario_of_seed, dice)
    world = _World(seed, guards, rates or rates_of_seed, scenario or scenario_of_seed)
    return clock.run(world.live())


class _World:
    def __init__(self, seed: int, guards: Guards, rates: FaultRates, scenario: Scenario) -> None:
        self._seed, self._scenario, self._rates = seed, scenario, rates
        self._dice = Dice(seed, rates)
        self._guards = guards
        self._book = Book()
        self._expected = Expected(scenario)

    async def live(self) -> WorldResult:
        """Run from the first message to the last check."""
        self._halo = Halo(self._dice, self._scenario)
        self._deployment = Deployment(self._dice, self._guards, self._halo, self._scenario)
        database = self._deployment.database
        database.tenant = self._halo.name
        database.review_first_sync = self._scenario.reviews
        database.settings = replace(database.settings, on_drift=self._scenario.on_drift, removal=self._scenario.removal)
        self._people = People(self._deployment, self._expected, self._dice)
        first = fill(self._halo, self._scenario, self._expected)
        database.written_by_others = self._expected.of_rivals
        self._story = self._new_story(first)
        # From the first plan on halosync knows what is there, and must not believe a list that shows nothing.
        self._knows = bool({licence.id for licence in self._halo.licences()} - self._expected.stale)
        self._deployment.database.on_planned = self._planned
        self._listen()
        self._deployment.keep_alive()
        self._publish(Published(0, first, misfits=self._scenario.misfits, below_zero=self._scenario.below_zero))
        if self._scenario.poison:
            self._deployment.poisoned = True
            self._deployment.broker.accept(Envelope(LICENCE_ACTIONS, POISON))
        disturbance = Disturbance(self._deployment, self._halo, self._expected, self._dice, ended=self._ended)
        recovery = Recovery(
            self._deployment,
            self._halo,
            self._expected,
            self._book,
            self._dice,
            ended=self._ended,
            choose=self._choose,
        )
        try:
            await disturbance.run(self._story, self._rates)
            self._dice.stop_faults()
            rested = await recovery.rests_at_last(changed=disturbance.changed or self._people.edits > 0)
            idle = not rested or await recovery.repeats_nothing()
            recovery.look_for_unapproved()
            self._expected.wishes = self._wishes()
            self._expected.always = self._book.always
            problems = recovery.unapproved + list(
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
            took_s=self._took_s(),
            limited=sum(request.status == 429 for request in self._halo.tenant.requests.since(0)),
        )

    def _took_s(self) -> float:
        runs = self._deployment.database.runs.values()
        ends = [run.ended_at for run in runs if run.ended_at is not None]
        return max(ends) - min(run.started_at for run in runs) if ends else 0.0

    def _undos(self) -> int:
        db = self._deployment.database
        return sum(run.undoes is not None and bool(db.done_by(run.run_id)) for run in db.runs.values())

    def _planned(self) -> None:
        self._halo.faults.may_show_nothing, self._halo.faults.may_be_blind = True, self._knows

    def _wishes(self) -> dict[Key, Wish]:
        """Return what Halo must hold by now, without what it refuses for ever."""
        demand = self._book.demand()
        return {key: wish for key, wish in demand.items() if not (self._scenario.refuses and key[1] == REFUSED)}

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
            taken_in=lambda invoice: invoice.event_id in self._deployment.database.inbox,
            people=self._people.chapters,
        )

    def _publish(self, invoice: Published) -> None:
        self._book.publish(invoice)
        self._deployment.broker.accept(Envelope(INVOICE_READY, invoice.body()))

    def _choose(self, period: str, choice: MonthInvoices) -> None:
        if len(self._book.currencies(period)) > 1:
            choice = MonthInvoices.NEWEST  # invoices in two currencies cannot be chosen together
        self._book.choose(period, choice)
        self._deployment.database.months[period] = choice

    def _listen(self) -> None:
        """Hear, as the rest of the world, which runs have ended."""
        world = Process("world", Dice(0, NONE))
        self._deployment.processes.append(world)

        async def hear(run_id: UUID) -> None:
            self._deployment.announced.append(run_id)

        self._deployment.broker.consume(Consumer(world, RUN_FINISHED, hear, 100))

    def _ended(self) -> bool:
        """Tell whether every invoice has been taken in and every run that is to be has ended."""
        db = self._deployment.database
        taken_in = len(db.inbox) + len(db.rejected) >= len(self._book.published)
        ended = bool(db.runs) and all(run.state.is_final for run in db.runs.values())
        return taken_in and ended and owed(db) is None and not db.outbox
