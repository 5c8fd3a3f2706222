"""The simulated world itself: a double that forgives would prove nothing."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest
from halosync.domain.model import Reason
from halosync.domain.plan import DeleteGuard
from simulation import clock
from simulation.broker import Broker
from simulation.fault_rates import NONE, FaultRates
from simulation.guards import ALL
from simulation.halo import Halo
from simulation.messages import Consumer, Envelope
from simulation.process import Dice, Process
from simulation.scenario import Scenario
from simulation.world import simulate


def test_hours_of_virtual_time_pass_in_no_time() -> None:
    async def sleep() -> float:
        await clock.sleep(3600)
        return clock.now()

    assert clock.run(sleep()) == pytest.approx(3600)


def test_a_world_that_waits_for_nothing_is_told() -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(clock.StalledError):
        clock.run(wait())


def test_who_sleeps_is_cancelled_at_once() -> None:
    async def world() -> tuple[float, float]:
        sleeper = asyncio.ensure_future(clock.sleep(3600))
        await clock.sleep(1)
        sleeper.cancel()
        with suppress(asyncio.CancelledError):
            await sleeper
        cancelled_at = clock.now()
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                await clock.sleep(60)
        return cancelled_at, clock.now()

    assert clock.run(world()) == pytest.approx((1, 11))


def test_a_killed_process_does_nothing_any_more_and_a_stopped_one_does_it_later() -> None:
    async def world() -> list[str]:
        dice, done = Dice(1, NONE), list[str]()
        dead, stopped = Process("dead", dice), Process("stopped", dice)
        dead.kill()
        stopped.freeze(50.0)
        tasks = [
            dead.spawn(dead.step(lambda: done.append("dead"))),
            stopped.spawn(stopped.step(lambda: done.append(f"after {clock.now():.0f} s"))),
        ]
        await clock.sleep(100)
        dead.over = True
        for task in tasks:
            task.cancel()
        return done

    assert clock.run(world()) == ["after 50 s"]


def test_a_message_of_a_process_that_dies_is_delivered_to_another() -> None:
    async def world() -> list[str]:
        dice, seen = Dice(1, NONE), list[str]()
        broker = Broker(dice, ALL)
        first, second = Process("first", dice), Process("second", dice)

        async def work_forever(_body: object) -> None:
            seen.append("first")
            await clock.sleep(10)
            await first.gate()

        async def work(_body: object) -> None:
            seen.append("second")

        broker.consume(Consumer(first, "q", work_forever, 1))
        broker.accept(Envelope("q", None))
        await clock.sleep(1)
        broker.consume(Consumer(second, "q", work, 1))
        first.kill()
        await clock.sleep(30)
        assert broker.idle
        first.over = True
        return seen

    assert clock.run(world()) == ["first", "second"]


@pytest.mark.parametrize(("sliding", "admitted"), [(True, 5), (False, 9)])
def test_halo_refuses_what_is_over_its_limit(*, sliding: bool, admitted: int) -> None:
    async def world() -> int:
        halo = Halo(Dice(1, NONE), Scenario(limit=5, window_s=10.0, sliding=sliding))
        await clock.sleep(8)  # a fixed window ends after two more seconds, a sliding one only after ten
        return sum([await _admitted(halo, wait_s) for wait_s in (0, 0, 0, 0, 0, 0, 3, 0, 0, 0)])

    assert clock.run(world()) == admitted


async def _admitted(halo: Halo, wait_s: float) -> bool:
    await clock.sleep(wait_s)
    return not halo.tenant.limit_wait_s()


def test_without_faults_a_world_needs_no_more_requests_than_it_must() -> None:
    outcome = simulate(1, rates=NONE, scenario=Scenario(products=10, known=0, stale=0, batch_size=5, page_size=100))
    # The one page of clients is proven by a second one; then the empty list of licences, and two arrays.
    assert (outcome.broken, outcome.states, outcome.requests) == ((), ("succeeded",), 2 + 1 + 2)


def test_learnt_arrays_save_requests_and_cost_few_where_halo_refuses_more_or_is_slow() -> None:
    fixed = Scenario(
        products=3000, known=0, stale=0, clients=60, batch_size=50, page_size=100, most_rows=1000, limit=10_000
    )
    learnt = replace(fixed, most_batch=500)
    slow = replace(learnt, row_delay_s=0.15)
    halos = (fixed, learnt, replace(learnt, largest_array=50), slow)
    worlds = [simulate(2, rates=NONE, scenario=each) for each in halos]
    assert [(world.broken, world.failed) for world in worlds] == [((), ())] * 4
    today, saved, refused, slowed = (world.requests for world in worlds)
    assert saved < today / 2  # most of them while the size is being learnt; bench/learnt_arrays.py has more rows
    assert refused <= today + 12  # one array of 100 rows, its look-up of two or three clients, and its halves
    assert slowed <= today * 1.05


def test_a_halo_that_answers_nothing_fails_items_and_a_later_sync_finishes_them() -> None:
    silent = FaultRates(unanswered=1.0, applied=0.0)
    outcome = simulate(1, rates=silent, scenario=Scenario(max_attempts=3))
    assert outcome.broken == ()
    assert outcome.states[-1] == "succeeded"


def test_creates_that_nobody_could_look_up_are_made_once_where_halo_escapes_their_names() -> None:
    escaping = Scenario(keeps="escaped", max_attempts=2, products=10, known=0, stale=0, batch_size=2)
    failed = 0
    for seed in range(12):
        outcome = simulate(seed, rates=FaultRates(unanswered=0.3, applied=1.0), scenario=escaping)
        assert outcome.broken == ()
        failed += len(outcome.failed)
    assert failed  # else nothing was tried


def test_a_limit_alone_fails_nothing_and_ends_no_run() -> None:
    tight = Scenario(products=24, known=12, stale=3, batch_size=3, page_size=10, limit=8, window_s=60.0, max_attempts=2)
    for seed in range(20):
        outcome = simulate(seed, rates=FaultRates(too_many=0.2, foreign_per_s=0.05), scenario=tight)
        assert (outcome.broken, outcome.states, outcome.failed) == ((), ("succeeded",), ())


def test_what_a_person_removes_in_halo_fails_alone() -> None:
    removed = 0
    for seed in range(60):
        outcome = simulate(
            seed, rates=FaultRates(person_per_s=0.05, slow=0.5), scenario=Scenario(products=20, known=18, stale=0)
        )
        assert outcome.broken == ()
        # Where people removed so much that a list is not believed any more, what is in doubt stays unknown.
        hidden = len(outcome.removed) > DeleteGuard().max_count
        failed = {name for name, reason in outcome.failed if not (hidden and reason == Reason.OUTCOME_UNKNOWN)}
        assert failed <= outcome.removed
        removed += len(outcome.failed)
    assert removed  # else nothing was tried


def test_the_same_seed_is_the_same_world_wherever_its_objects_lie() -> None:
    rates = FaultRates(broker_crash_per_s=0.01, drop_per_s=0.01, kill=0.005, unanswered=0.1)
    for seed in range(10):
        first = simulate(seed, rates=rates)
        somewhere_else = [Process(str(n), Dice(n, NONE)) for n in range(50)]
        assert simulate(seed, rates=rates) == first
        del somewhere_else
