"""The runner: every case on the ground, one after the other or side by side, and what became of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from devstack.errors import DevstackError
from devstack.faults import invariants
from devstack.faults.case import Case
from devstack.faults.ground import Ground, prepared_ground
from devstack.faults.scene import Scene

_TROUBLE = (DevstackError, httpx.HTTPError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What a case may meet when halosync, or the ground, is not as it should be: the case fails, the matrix goes on."""


@dataclass
class Outcome:
    """What became of a case; it is good when nothing is wrong."""

    case: Case
    state: str = "-"
    look_ups: int = 0
    requests: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


async def play(ground: Ground, case: Case) -> Outcome:
    """Play one case: prepare, Sync, strike, wait for the end, look at everything, Sync again, look again."""
    outcome, scene, began = Outcome(case), Scene(ground), time.monotonic()
    try:
        await scene.open()
        await case.prepare(scene)
        await scene.start()
        await case.strike(scene)
        run = await scene.until_ended()
        outcome.state = run["state"]
        if case.alone:
            await ground.restore()
        outcome.wrong += await invariants.after_run(scene, case, run)
        outcome.wrong += await invariants.faults_met(scene)
        await case.repair(scene)
        outcome.wrong += await invariants.second_sync(scene, run)
        for look in (invariants.history, invariants.requests, invariants.dead_letters):
            outcome.wrong += await look(scene)
    except* _TROUBLE as trouble:
        outcome.wrong += [f"{type(one).__name__}: {one}" for one in trouble.exceptions]
    outcome.seconds = time.monotonic() - began
    await _count(scene, outcome)
    return outcome


async def _count(scene: Scene, outcome: Outcome) -> None:
    log: list[dict[str, Any]] = []
    try:
        log = await scene.requests()
    except httpx.HTTPError as error:
        outcome.wrong.append(f"the sandbox does not answer: {error}")
    outcome.requests = len(log)
    outcome.look_ups = sum("client_id=" in entry["query"] for entry in log)


async def outcomes(
    cases: Sequence[Case], *, progress: Callable[[str], None], at_once: int = 3
) -> AsyncIterator[Outcome]:
    """Play the cases and yield what became of each as soon as it is known.

    Those that need the ground for themselves come first, each after the other; a new ground is made after a failure,
    which may have left the old one in ruins.
    """
    alone, shared = [case for case in cases if case.alone], [case for case in cases if not case.alone]
    async with AsyncExitStack() as exits:
        ground = await exits.enter_async_context(prepared_ground(progress))
        for case in alone:
            progress(f"{case.name}: {case.what}")
            outcome = await play(ground, case)
            yield outcome
            if outcome.wrong:
                await exits.aclose()
                ground = await exits.enter_async_context(prepared_ground(progress))
        async for outcome in side_by_side(ground, shared, progress, at_once=at_once):
            yield outcome


async def side_by_side(
    ground: Ground, cases: Sequence[Case], progress: Callable[[str], None], *, at_once: int
) -> AsyncIterator[Outcome]:
    """Play cases that hurt nothing that others use, so many at a time, and yield each as soon as it is known."""
    places = asyncio.Semaphore(at_once)
    tasks = [asyncio.create_task(_in_turn(ground, case, places, progress)) for case in cases]
    try:
        for finished in asyncio.as_completed(tasks):
            yield await finished
    finally:
        for task in tasks:
            task.cancel()


async def _in_turn(ground: Ground, case: Case, places: asyncio.Semaphore, progress: Callable[[str], None]) -> Outcome:
    async with places:
        progress(f"{case.name}: {case.what}")
        return await play(ground, case)
