"""The planner and auth killed, or stopped and woken, in the middle of a run."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from devstack.faults import breakpoints
from devstack.faults.breakpoints import LATE_S
from devstack.faults.case import Case, Step
from devstack.faults.trial import LICENCES, Trial
from devstack.service import AUTH, PLANNER, REPORT_API, Service

_Deed = Callable[[Trial, Service], Awaitable[None]]


async def _slow_reads(trial: Trial) -> None:
    await trial.fault("GET", path="Client", delay_s=LATE_S)
    await trial.fault("GET", times=2, delay_s=LATE_S)


async def _slow(trial: Trial) -> None:
    await trial.slow()


async def _kill(_trial: Trial, service: Service) -> None:
    await service.process.kill()


def _while_reading(list_name: str, deed: _Deed) -> Step:
    """Do something to the planner while Halo has not answered its request for a list."""

    async def inject(trial: Trial) -> None:
        await trial.until_asked("GET", times=1 if list_name == "Client" else 2)
        link = await breakpoints.asking(trial, "GET")
        await deed(trial, breakpoints.owner(trial, link.client_port))
        await _new_planner(trial)

    return inject


async def _freeze_until_dropped(trial: Trial, service: Service) -> None:
    """Stop it until the broker has given its message back, so that it wakes up and finds its own work again."""
    async with service.process.paused():
        await breakpoints.dropped(trial, service)


async def _new_planner(trial: Trial) -> None:
    """Start the planner. A dead one keeps its run for three minutes; they are taken off, for the sake of time."""
    lapsed = (
        "UPDATE run SET claimed_until = now(), redeliver_at = now() WHERE run_id = $1 AND claimed_until IS NOT NULL"
    )
    planner = trial.fault_stack.stack.services[PLANNER]
    if not planner.process.running:
        await trial.fetch(lapsed, trial.run_id)
    await planner.start()


async def _kill_before_planning(trial: Trial) -> None:
    """The read is complete, and the planner cannot say so: the row of the run is locked."""
    await trial.until_asked("GET", times=2)
    await breakpoints.asking(trial, "GET")
    async with breakpoints.locked(trial, "SELECT FROM run WHERE run_id = $1 FOR UPDATE", trial.run_id):
        held = await breakpoints.blocked(trial, PLANNER, "%UPDATE run SET%")
        await held.service.process.kill()
        await trial.fetch("SELECT pg_terminate_backend($1)", held.backend)
    await _new_planner(trial)


async def _kill_while_storing(trial: Trial) -> None:
    """The plan is being stored, in one transaction: the table of items is locked."""
    await trial.until_asked("GET", times=2)
    async with breakpoints.locked(trial, "LOCK TABLE item IN SHARE MODE"):
        held = await breakpoints.blocked(trial, PLANNER, "COPY%item%")
        await held.service.process.kill()
    await _new_planner(trial)


async def _kill_and_wait_for_the_claim(trial: Trial) -> None:
    """Nobody helps: the sweeper asks for the run again when the dead planner's claim is over."""
    await trial.until_asked("GET", times=2)
    link = await breakpoints.asking(trial, "GET")
    await breakpoints.owner(trial, link.client_port).process.kill()
    await trial.fault_stack.stack.services[PLANNER].start()


async def _kill_planner_while_writing(trial: Trial) -> None:
    await trial.until_writing()
    planner = trial.fault_stack.stack.services[PLANNER]
    await planner.process.kill()
    await trial.until_ended()
    await planner.start()


async def _expire_and_kill_auth(trial: Trial) -> None:
    """The token is refused, and nobody is there to give a new one."""
    await trial.until_writing()
    auth = trial.fault_stack.stack.services[AUTH]
    await auth.process.kill()
    await trial.fault_stack.halo.expire_tokens(trial.name)
    await trial.until_asked("POST", status=401)
    await auth.start()


async def _expire_and_stop_auth(trial: Trial) -> None:
    """The token is refused, and whoever is to give a new one hangs until a batch was put off for want of one."""
    await trial.until_writing()
    auth = trial.fault_stack.stack.services[AUTH]
    noted: dict[int, datetime] = {}
    async with auth.process.paused():
        await trial.fault_stack.halo.expire_tokens(trial.name)

        async def put_off() -> bool:
            refused = await trial.fetch(
                "SELECT batch_id, redeliver_at FROM batch WHERE run_id = $1 AND refused_generation IS NOT NULL",
                trial.run_id,
            )
            return any(noted.setdefault(row["batch_id"], row["redeliver_at"]) != row["redeliver_at"] for row in refused)

        await trial.until(put_off, what="a batch put off for want of a token")


async def _kill_report_api(trial: Trial) -> None:
    await trial.until_writing()
    api = trial.fault_stack.stack.services[REPORT_API]
    await api.process.kill()
    await trial.until_ended()
    await api.start()


async def _kill_everybody(trial: Trial) -> None:
    await trial.until_writing()
    for service in trial.fault_stack.stack.services.values():
        await service.process.kill()
    await trial.fault_stack.restore()


CASES = (
    Case(
        *("planner-kill-clients", "planner", "kill -9 while it reads the clients, then a new one"),
        *(_slow_reads, _while_reading("Client", _kill)),
    ),
    Case(
        *("planner-kill-licences", "planner", "kill -9 while it reads the licences, then a new one"),
        *(_slow_reads, _while_reading(LICENCES, _kill)),
    ),
    Case(
        *("planner-stop-read", "planner", "SIGSTOP while it reads, until the broker has dropped it"),
        *(_slow_reads, _while_reading(LICENCES, _freeze_until_dropped)),
    ),
    Case("planner-kill-plan", "planner", "kill -9 between read and plan", _slow_reads, _kill_before_planning),
    Case("planner-kill-store", "planner", "kill -9 while it stores the plan", _slow_reads, _kill_while_storing),
    Case("planner-kill-claim", "planner", "kill -9; its claim runs out", _slow_reads, _kill_and_wait_for_the_claim),
    Case("planner-kill-write", "planner", "kill -9 while the writers write", _slow, _kill_planner_while_writing),
    Case("auth-kill", "auth", "kill -9, and the token expires", _slow, _expire_and_kill_auth),
    Case("auth-stop", "auth", "SIGSTOP, and the token expires", _slow, _expire_and_stop_auth),
    Case("api-kill", "report-api", "kill -9 while the writers write", _slow, _kill_report_api),
    Case("all-kill", "all", "kill -9 of every process, then new ones", _slow, _kill_everybody),
)
