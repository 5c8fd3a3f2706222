"""A writer killed, or stopped and woken, at each of its steps (docs/actions.md, "What guards it")."""

from dataclasses import dataclass, replace
from signal import SIGCONT, SIGSTOP

from devstack.faults import breakpoints
from devstack.faults.breakpoints import LATE_S, Breakpoint, StoppedProcess
from devstack.faults.case import Case, Step
from devstack.faults.trial import Trial


@dataclass(frozen=True)
class _At:
    """A step: its short name, in words, how to stand at it, and what Halo must do for that."""

    name: str
    words: str
    point: Breakpoint
    prepare: Step


async def _slow(trial: Trial) -> None:
    await trial.slow()


async def _slow_to_apply(trial: Trial) -> None:
    await trial.fault("POST", times=None, delay_s=LATE_S)


async def _slow_to_answer(trial: Trial) -> None:
    await trial.fault("POST", times=None, delay_answer_s=LATE_S)


async def _slow_to_delete(trial: Trial) -> None:
    await trial.fault("DELETE", nth=3, times=4, delay_s=LATE_S)


async def _slow_at_first(trial: Trial) -> None:
    """Leave time to lose an answer while it writes."""
    await trial.fault("POST", times=4, delay_answer_s=2 * LATE_S)


_STEPS = (
    _At("mark", "while its mark is being committed", breakpoints.marking, _slow),
    _At("marked", "after the mark, before a byte has reached Halo", breakpoints.sending, _slow),
    _At("flight", "while Halo has the array and has not applied it", breakpoints.in_flight, _slow_to_apply),
    _At("answer", "while Halo has applied the array and has not answered", breakpoints.in_flight, _slow_to_answer),
    _At("record", "after the answer, before the result is recorded", breakpoints.recording, _slow),
    _At("ack", "after the result is recorded, before the message is acknowledged", breakpoints.acknowledging, _slow),
    _At("delete", "while Halo has a delete and has not applied it", breakpoints.deleting, _slow_to_delete),
    _At("look-up", "while it looks up what became of a write", breakpoints.looking_up, _slow_at_first),
)


def _kill_at(step: _At) -> Case:
    async def inject(trial: Trial) -> None:
        async with step.point(trial) as held:
            await held.service.process.kill()

    return Case(f"writer-kill-{step.name}", "writer", f"kill -9 {step.words}", step.prepare, inject)


def _stop_at(step: _At) -> Case:
    async def inject(trial: Trial) -> None:
        async with step.point(trial) as held:
            held.service.process.signal(SIGSTOP)
        await _others_take_over(trial, held)

    return Case(f"writer-stop-{step.name}", "writer", f"SIGSTOP {step.words}, SIGCONT later", step.prepare, inject)


async def _others_take_over(trial: Trial, held: StoppedProcess) -> None:
    """Wait until the run has ended without the writer that is stopped, or cannot go on without it; then wake it."""

    async def ended_or_stuck() -> bool:
        if (await trial.run())["state"] != "writing":
            return True
        if held.backend is None:
            return False
        # The stopped writer's own transaction may hold the run: then the others wait for it.
        stuck = await trial.fetch("SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))", held.backend)
        return bool(stuck)

    try:
        await breakpoints.dropped(trial, held.service)
        await trial.until(ended_or_stuck, what="another writer taking over")
    finally:
        held.service.process.signal(SIGCONT)


async def _wake_while_another_sends(trial: Trial) -> None:
    """The writer wakes up in the middle of another's second attempt, and what it has to say is of the first."""
    async with breakpoints.marking(trial) as held:
        pid = held.service.process.pid
        held.service.process.signal(SIGSTOP)
    marked: list[int] = []

    async def mark_committed() -> bool:
        newest = """SELECT batch_id FROM item WHERE run_id = $1 AND action_state = 'sending' AND worker LIKE '%:' || $2
            ORDER BY send_by DESC LIMIT 1"""
        marked[:] = [row["batch_id"] for row in await trial.fetch(newest, trial.run_id, str(pid))]
        return bool(marked)

    async def sent_again() -> bool:
        again = "SELECT FROM item WHERE batch_id = $1 AND attempts = 2 AND action_state = 'sending'"
        return bool(await trial.fetch(again, marked[0]))

    try:
        await trial.until(mark_committed, what="the mark of a stopped writer")
        await trial.until(sent_again, what="a second attempt")
    finally:
        held.service.process.signal(SIGCONT)


async def _kill_before_the_mark(trial: Trial) -> None:
    """The writer dies, and with it its statement: no mark is ever committed."""
    async with breakpoints.marking(trial) as held:
        await held.service.process.kill()
        await trial.fetch("SELECT pg_terminate_backend($1)", held.backend)


async def _kill_all(trial: Trial) -> None:
    async with breakpoints.in_flight(trial):
        for writer in trial.fault_stack.writers:
            await writer.process.kill()
    await trial.fault_stack.restore()


async def _kill_and_restart_in_turn(trial: Trial) -> None:
    await trial.until_writing()
    for writer in trial.fault_stack.writers * 2:
        if (await trial.run())["state"] != "writing":
            return
        await writer.process.kill()
        await writer.start()


async def _drain_in_turn(trial: Trial) -> None:
    await trial.until_writing()
    for writer in trial.fault_stack.writers:
        await trial.fault_stack.stack.restart(writer.name)


async def _cut(trial: Trial) -> None:
    """Each time an array is in flight; otherwise nothing would be hurt."""
    for _ in range(3):
        await breakpoints.asking(trial, "POST")
        trial.fault_stack.proxy.cut()


async def _refuse(trial: Trial) -> None:
    """Nothing can be sent until a batch has noted a failure."""
    await trial.until_writing()
    await trial.fault_stack.proxy.close()

    async def noticed() -> bool:
        return bool(await trial.fetch("SELECT FROM batch WHERE run_id = $1 AND failures > 1", trial.run_id))

    try:
        await trial.until(noticed, what="a batch that could not be sent")
    finally:
        await trial.fault_stack.proxy.open()


_SHORT = {"writer-kill-flight", "writer-stop-mark"}

_ALL = (
    Case("writer-kill-before", "writer", "kill -9 before the mark is committed", _slow, _kill_before_the_mark),
    *(_kill_at(step) for step in _STEPS),
    *(_stop_at(step) for step in _STEPS),
    Case(
        *(
            "writer-stop-again",
            "writer",
            "SIGSTOP while its mark is being committed, SIGCONT while another sends again",
        ),
        *(_slow_to_answer, _wake_while_another_sends),
    ),
    Case("writer-kill-all", "writer", "kill -9 of all writers in flight, then new ones", _slow_to_apply, _kill_all),
    Case("writer-kill-turns", "writer", "kill -9 of one writer after the other", _slow, _kill_and_restart_in_turn),
    Case("writer-drain", "writer", "SIGTERM of one writer after the other", _slow, _drain_in_turn),
    Case("writer-cut", "writer", "all connections to Halo reset, three times", _slow_to_answer, _cut),
    Case("writer-refused", "writer", "Halo's port closed for a while", _slow, _refuse),
)
CASES = tuple(replace(case, short=case.name in _SHORT) for case in _ALL)
