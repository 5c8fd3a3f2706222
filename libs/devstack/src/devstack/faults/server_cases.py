"""The broker and the database killed, hanging, refusing, in the middle of a run."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from devstack.errors import DevstackError
from devstack.faults.case import Case
from devstack.faults.trial import ENDED, Trial
from devstack.wait import pause

_HANG_S = 12.0
"""Longer than two heartbeats, so that both ends notice."""

_TIMES, _PAUSE_S = 6, 2.0


async def _slow(trial: Trial) -> None:
    await trial.slow(1.5)


@asynccontextmanager
async def _writers_stopped(trial: Trial) -> AsyncIterator[None]:
    """Keep the run in its middle while something that takes seconds is done to a server."""
    async with AsyncExitStack() as stopped:
        for writer in trial.fault_stack.writers:
            await stopped.enter_async_context(writer.process.paused())
        if (await trial.run())["state"] in ENDED:
            raise DevstackError("the run had ended before the fault struck")
        yield


async def _kill_broker_now(trial: Trial) -> None:
    async with _writers_stopped(trial):
        await trial.fault_stack.rabbit.kill()
    await trial.fault_stack.rabbit.restart()


async def _kill_broker(trial: Trial) -> None:
    await trial.until_writing()
    await _kill_broker_now(trial)


async def _kill_broker_thrice(trial: Trial) -> None:
    await trial.until_writing()
    await _kill_broker_now(trial)
    for _ in range(2):
        await trial.fault_stack.rabbit.restart()


async def _kill_broker_while_reading(trial: Trial) -> None:
    await trial.until_asked("GET")
    await trial.fault_stack.rabbit.kill()
    await trial.fault_stack.rabbit.restart()


async def _close_connections(trial: Trial) -> None:
    await trial.until_writing(synced=0)
    async with _writers_stopped(trial):
        await trial.fault_stack.rabbit.close_all_connections()
    for _ in range(_TIMES):
        await trial.fault_stack.rabbit.close_all_connections()
        await pause(_PAUSE_S)


async def _memory_alarm(trial: Trial) -> None:
    """Orders stay in the outbox while the broker takes none."""
    await trial.until_writing()
    async with _writers_stopped(trial):
        await trial.fault_stack.rabbit.set_memory_watermark(0)

    async def held_up() -> bool:
        return bool(await trial.fetch("SELECT FROM outbox WHERE created_at < now() - interval '6 seconds'"))

    try:
        await trial.until(held_up, what="a message that waits in the outbox")
    finally:
        await trial.fault_stack.rabbit.set_memory_watermark(0.4)


async def _stop_broker(trial: Trial) -> None:
    await trial.until_writing()
    async with trial.fault_stack.rabbit.paused():
        await pause(_HANG_S)


async def _kill_postgres(trial: Trial) -> None:
    await trial.until_writing()
    await trial.fault_stack.postgres.restart()


async def _kill_postgres_thrice(trial: Trial) -> None:
    await trial.until_writing()
    for _ in range(3):
        await trial.fault_stack.postgres.restart()
        await pause(_PAUSE_S)


async def _kill_postgres_while_reading(trial: Trial) -> None:
    await trial.until_asked("GET")
    await trial.fault_stack.postgres.restart()


async def _postgres_away(trial: Trial) -> None:
    """Without a database there is no permit, so nothing is sent."""
    await trial.until_writing()
    await trial.fault_stack.postgres.kill()
    try:
        await pause(_HANG_S)
    finally:
        await trial.fault_stack.postgres.restart()


async def _terminate_backends(trial: Trial) -> None:
    await trial.until_writing(synced=0)
    others = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    for _ in range(_TIMES):
        await trial.fetch(others)
        await pause(_PAUSE_S)


async def _stop_postgres(trial: Trial) -> None:
    await trial.until_writing()
    async with trial.fault_stack.postgres.paused():
        await pause(_HANG_S)


async def _kill_both(trial: Trial) -> None:
    await trial.until_writing()
    await trial.fault_stack.postgres.kill()
    await trial.fault_stack.rabbit.kill()
    await trial.fault_stack.postgres.restart()
    await trial.fault_stack.rabbit.restart()


_SHORT = {"broker-kill", "postgres-kill"}

_ALL = (
    Case("broker-kill", "broker", "killed while the writers write, started again", _slow, _kill_broker),
    Case("broker-kill-thrice", "broker", "killed and started again, three times", _slow, _kill_broker_thrice),
    Case("broker-kill-read", "broker", "killed while the planner reads", _slow, _kill_broker_while_reading),
    Case("broker-close", "broker", "close_all_connections every 2 s", _slow, _close_connections),
    Case("broker-alarm", "broker", "a memory alarm blocks publishers", _slow, _memory_alarm),
    Case("broker-stop", "broker", "SIGSTOP for 12 s", _slow, _stop_broker),
    Case("postgres-kill", "Postgres", "killed while the writers write, started again", _slow, _kill_postgres),
    Case("postgres-kill-thrice", "Postgres", "killed and started again, three times", _slow, _kill_postgres_thrice),
    Case("postgres-kill-read", "Postgres", "killed while the planner reads", _slow, _kill_postgres_while_reading),
    Case("postgres-away", "Postgres", "away for 12 s", _slow, _postgres_away),
    Case("postgres-backends", "Postgres", "every connection ended, every 2 s", _slow, _terminate_backends),
    Case("postgres-stop", "Postgres", "SIGSTOP for 12 s", _slow, _stop_postgres),
    Case("servers-kill", "servers", "broker and Postgres killed at once", _slow, _kill_both),
)
CASES = tuple(replace(case, short=case.name in _SHORT) for case in _ALL)
