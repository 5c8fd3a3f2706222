"""One world: drawn from a seed, shaken by faults, left in peace until it rests, and checked."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from halosync.domain.model import Kind, Line, Reason
from halosync.domain.model import Outcome as ItemOutcome
from halosync.domain.states import RunState
from halosync.ports.permits import Rate

from simulation import clock
from simulation.broker import Consumer, Envelope
from simulation.guards import ALL, Guards
from simulation.halo import Halo
from simulation.invariants import Wanted, broken
from simulation.planning import start
from simulation.process import Dice, Process
from simulation.rates import NONE, Rates, drawn
from simulation.services import INVOICE_READY, LICENCE_ACTIONS, POISON, RUN_FINISHED, Town
from simulation.shape import Shape, shape_of

CHAOS_S = 3600.0
"""After so long at the latest nothing breaks any more."""

PATIENCE_S = 6 * 3600.0
"""How long a world in peace may take to come to rest."""

REST_S = 400.0
"""At rest a world goes on for so long: what was stopped goes on, what is late happens."""

TICK_S = 5.0


@dataclass(frozen=True)
class Outcome:
    """How a world ended: `broken` holds one sentence for each invariant that does not hold.

    `failed` are the licences that failed in any run, with their reasons; `removed` those that a person removed.
    """

    seed: int
    broken: tuple[str, ...]
    virtual_s: float
    requests: int
    runs: int
    states: tuple[str, ...]
    failed: tuple[tuple[str, str], ...] = ()
    removed: frozenset[str] = frozenset()

    @property
    def good(self) -> bool:
        """Whether every invariant holds."""
        return not self.broken


def simulate(seed: int, *, guards: Guards = ALL, rates: Rates | None = None, shape: Shape | None = None) -> Outcome:
    """Run the world of a seed and return how it ended; the same arguments end the same way.

    `rates` and `shape` are drawn from the seed when they are not given.
    """
    dice = Random(seed)  # noqa: S311 - it draws worlds, not secrets
    drawn_shape, drawn_rates = shape_of(dice), drawn(dice)
    world = _World(seed, guards, rates or drawn_rates, shape or drawn_shape)
    return clock.run(world.live())


class _World:
    def __init__(self, seed: int, guards: Guards, rates: Rates, shape: Shape) -> None:
        self._seed, self._shape, self._rates = seed, shape, rates
        self._dice = Dice(seed, rates)
        self._guards = guards
        self._names = 0
        bad = frozenset({"P-0"}) if shape.refuses else frozenset()
        self._halo = Halo(
            dice=self._dice,
            limit=shape.limit,
            window_s=shape.window_s,
            sliding=shape.sliding,
            good_rows=shape.good_rows,
            names_rows=shape.names_rows,
            bad_names=bad,
            clients={n: f"Client {n}" for n in range(1, shape.clients + 1)},
        )
        self._wanted: Wanted = {}
        self._stale: set[int] = set()
        self._removed: set[str] = set()
        self._changed = False

    async def live(self) -> Outcome:
        """Run from the first message to the last check."""
        self._town = Town(
            dice=self._dice,
            guards=self._guards,
            halo=self._halo,
            rate=Rate(self._shape.limit, self._shape.window_s),
            batch_size=self._shape.batch_size,
            page_size=self._shape.page_size,
            max_attempts=self._shape.max_attempts,
        )
        self._town.database.invoices.append(self._invoice())
        # From the first plan on halosync knows what is there, and must not believe a list that shows nothing.
        self._knows = bool(self._halo.licences.keys() - self._stale)
        self._town.database.on_planned = self._planned
        self._listen()
        self._keep_alive()
        self._town.broker.accept(Envelope(INVOICE_READY, 0))
        if self._shape.poison:
            self._town.poisoned = True
            self._town.broker.accept(Envelope(LICENCE_ACTIONS, POISON))
        try:
            await self._storm()
            self._dice.peace()
            rested = await self._rest()
            problems = list(broken(self._town, self._wanted, foreign=self._rates.foreign_per_s > 0))
        finally:
            for process in self._town.processes:
                process.over = True
        states = tuple(run.state for run in self._town.database.runs.values())
        problems += [] if rested else [f"liveness: not at rest after {PATIENCE_S:g} s in peace"]
        items = self._town.database.items.values()
        failed = tuple((item.licence_name, str(item.reason)) for item in items if item.outcome is ItemOutcome.FAILED)
        return Outcome(
            seed=self._seed,
            broken=tuple(problems),
            virtual_s=clock.now(),
            requests=len(self._halo.requests),
            runs=len(states),
            states=states,
            failed=failed,
            removed=frozenset(self._removed),
        )

    def _planned(self) -> None:
        self._halo.may_show_nothing, self._halo.may_be_blind = True, self._knows

    # ------------------------------------------------------------------ the beginning

    def _invoice(self) -> list[Line]:
        lines = []
        for n in range(self._shape.products):
            client, name, quantity = n % self._shape.clients + 1, f"P-{n}", n % 7 + 1
            lines.append(self._line(n, client, name, quantity))
            known = 0 < n <= self._shape.known
            if known:
                self._halo.seed(client, name, quantity + 1)
            if name not in self._halo.bad_names:
                self._wanted[client, name] = quantity
        for n in range(self._shape.stale):
            # Only clients that the invoice names are cleaned up.
            self._stale.add(self._halo.seed(n % min(self._shape.clients, self._shape.products) + 1, f"STALE-{n}", 1))
        return lines

    def _line(self, number: int, client: int, name: str, quantity: int) -> Line:
        return Line(
            line_no=number + 1,
            customer_id=f"C-{client}",
            customer_name=f"Client {client}",
            product_code=name,
            kind=Kind.RECURRING,
            quantity=Decimal(quantity),
            unit_price=Decimal("10.00"),
            billing_cycle="Monthly",
        )

    def _listen(self) -> None:
        """Hear, as the rest of the world, which runs have ended."""
        world = Process("world", Dice(0, NONE))
        self._town.processes.append(world)

        async def hear(run_id: Any) -> None:
            self._town.told.append(run_id)

        self._town.broker.consume(Consumer(world, RUN_FINISHED, hear, 100))

    # ------------------------------------------------------------------ the storm

    def _keep_alive(self) -> None:
        """Start what has died anew, as a supervisor does."""
        for kind, number, begin in (
            ("planner", self._shape.planners, self._town.start_planner),
            ("writer", self._shape.writers, self._town.start_writer),
        ):
            living = sum(process.name.startswith(kind) for process in self._town.living())
            for _ in range(number - living):
                self._names += 1
                begin(f"{kind}-{self._names}")

    async def _storm(self) -> None:
        """Let things break until the run has ended, or for long enough."""
        dice, rates, until = self._dice, self._rates, clock.now() + CHAOS_S
        cancel_at = dice.between(1.0, 60.0) if self._shape.cancel else None
        while clock.now() < until and not self._ended():
            await asyncio.sleep(TICK_S * dice.between(0.5, 1.5))
            if dice.hits(rates.broker_crash_per_s * TICK_S):
                await self._town.broker.crash(dice.between(1.0, 40.0))
            if dice.hits(rates.drop_per_s * TICK_S):
                self._town.broker.disconnect(dice.one_of(self._town.living()))
            if dice.hits(rates.revoke_per_s * TICK_S):
                self._halo.generation += 1
            if dice.hits(rates.blind_per_s * TICK_S):
                self._halo.blind_until = clock.now() + dice.between(10.0, 600.0)
            if dice.hits(rates.person_per_s * TICK_S) and self._halo.licences:
                self._removed.add(self._halo.licences.pop(dice.one_of(list(self._halo.licences)))["name"])
                self._changed = True
            if dice.hits(rates.foreign_per_s * TICK_S):
                self._halo.foreign()
            if dice.hits(0.5):
                self._keep_alive()
            if cancel_at is not None and clock.now() >= cancel_at:
                cancel_at = None
                self._cancel()

    def _cancel(self) -> None:
        """Cancel the run that goes on, as `RunStore.cancel` does."""
        db = self._town.database
        for run in db.runs.values():
            if run.state is RunState.WRITING:
                run.cancelled = True
                db.withdraw(run.run_id, ItemOutcome.SKIPPED, "run_cancelled")
                db.finish_if_done(run.run_id)
            elif not run.state.is_final:
                run.cancelled = True
                db.end(run.run_id, RunState.CANCELLED)

    def _ended(self) -> bool:
        db = self._town.database
        return bool(db.runs) and all(run.state.is_final for run in db.runs.values()) and not db.outbox

    # ------------------------------------------------------------------ peace

    async def _rest(self) -> bool:
        """Wait until the run has ended; press Sync again while something is left to do; False if it never ends."""
        for _ in range(8):
            self._keep_alive()
            until = clock.now() + PATIENCE_S
            while not (self._ended() and self._town.broker.idle):
                if clock.now() > until:
                    return False
                await asyncio.sleep(TICK_S)
            await asyncio.sleep(REST_S)
            if self._done() and not self._changed:
                return True
            self._changed = False
            # Who has removed licences in Halo by hand says that the list may be shorter.
            start(self._town.database, 0, accept_shrunk_read=bool(self._removed))
        return False

    def _done(self) -> bool:
        """Whether the newest run did all there is to do; a refused product fails for ever, and alone."""
        db = self._town.database
        newest = max(db.runs.values(), key=lambda run: run.run_id.int)
        left = [
            item for item in db.items.values() if item.run_id == newest.run_id and item.outcome is ItemOutcome.FAILED
        ]
        refused = [
            item for item in left if item.licence_name in self._halo.bad_names and item.reason == Reason.HALO_REJECTED
        ]
        return newest.state is (RunState.PARTIAL if self._halo.bad_names else RunState.SUCCEEDED) and left == refused
