"""The runner: every case on the stack, one after the other or side by side, and what became of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx
from halosync.postgres_failures import POSTGRES_FAILURES

from devstack.errors import DevstackError
from devstack.faults import invariants
from devstack.faults.case import Case
from devstack.faults.fault_stack import FaultStack, running_fault_stack
from devstack.faults.habits import drawn_habits
from devstack.faults.trial import Trial
from devstack.faults.workload import make_workload
from devstack.fields import Fields

_TROUBLE: tuple[type[Exception], ...] = (DevstackError, httpx.HTTPError, *POSTGRES_FAILURES, OSError, TimeoutError)
"""What a case may meet when halosync, or the stack, is not as it should be: the case fails, the matrix goes on."""


@dataclass
class CaseResult:
    """What became of a case; it is good when nothing is wrong."""

    case: Case
    state: str = "-"
    look_ups: int = 0
    requests: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


async def run_case(fault_stack: FaultStack, case: Case, seed: int = 0) -> CaseResult:
    """Run one case: prepare, Sync, inject the fault, wait for the end, look at everything, Sync again, look again.

    What its Halo is like besides is drawn from the seed and the name of the case.
    """
    result, began = CaseResult(case), time.monotonic()
    trial = Trial(fault_stack, make_workload(case.creates), drawn_habits(seed, case.name, case.where))
    try:
        await trial.open()
        await case.prepare(trial)
        await trial.start()
        await case.inject(trial)
        run = await trial.until_ended()
        result.state = run["state"]
        if case.exclusive:
            await fault_stack.restore()
        result.wrong += await invariants.after_run(trial, case, run)
        result.wrong += await invariants.faults_met(trial)
        await case.repair(trial)
        result.wrong += await invariants.second_sync(trial, case, run)
        result.wrong += await invariants.faults_met(trial)
        for look in (invariants.history, invariants.requests, invariants.dead_letters):
            result.wrong += await look(trial)
    except* _TROUBLE as trouble:
        result.wrong += [f"{type(one).__name__}: {one}" for one in trouble.exceptions]
    result.seconds = time.monotonic() - began
    await _count(trial, result)
    return result


async def _count(trial: Trial, result: CaseResult) -> None:
    log: list[Fields] = []
    try:
        log = await trial.requests()
    except httpx.HTTPError as error:
        result.wrong.append(f"the sandbox does not answer: {error}")
    result.requests = len(log)
    result.look_ups = sum("client_id=" in entry["query"] for entry in log)


async def results(
    cases: Sequence[Case], *, progress: Callable[[str], None], at_once: int = 3, seed: int = 0
) -> AsyncIterator[CaseResult]:
    """Run the cases and yield what became of each as soon as it is known.

    Those that need the stack for themselves come first, one after the other. A new stack is started after a failure,
    because the old one may be broken.
    """
    exclusive, shared = [case for case in cases if case.exclusive], [case for case in cases if not case.exclusive]
    async with AsyncExitStack() as exits:
        fault_stack = await exits.enter_async_context(running_fault_stack(progress))
        for case in exclusive:
            progress(f"{case.name}: {case.what}")
            result = await run_case(fault_stack, case, seed)
            yield result
            if result.wrong:
                await exits.aclose()
                fault_stack = await exits.enter_async_context(running_fault_stack(progress))
        async for result in side_by_side(fault_stack, shared, progress, at_once=at_once, seed=seed):
            yield result


async def side_by_side(
    fault_stack: FaultStack, cases: Sequence[Case], progress: Callable[[str], None], *, at_once: int, seed: int = 0
) -> AsyncIterator[CaseResult]:
    """Run cases that hurt nothing that others use, so many at a time, and yield each as soon as it is known."""
    places = asyncio.Semaphore(at_once)
    tasks = [asyncio.create_task(_in_turn(fault_stack, case, places, progress, seed)) for case in cases]
    try:
        for finished in asyncio.as_completed(tasks):
            yield await finished
    finally:
        for task in tasks:
            task.cancel()


async def _in_turn(
    fault_stack: FaultStack, case: Case, places: asyncio.Semaphore, progress: Callable[[str], None], seed: int
) -> CaseResult:
    async with places:
        progress(f"{case.name}: {case.what}")
        return await run_case(fault_stack, case, seed)
