"""The planner and auth killed, or stopped and woken, in the middle of a run."""

from collections.abc import Awaitable, Callable

from devstack.faults import points
from devstack.faults.case import Case, Step
from devstack.faults.scene import LICENCES, Scene
from devstack.service import AUTH, PLANNER, REPORT_API, Service

_LATE_S = 1.5
_Deed = Callable[[Scene, Service], Awaitable[None]]


async def _slow_reads(scene: Scene) -> None:
    await scene.fault("GET", path="Client", delay_s=_LATE_S)
    await scene.fault("GET", times=2, delay_s=_LATE_S)


async def _slow(scene: Scene) -> None:
    await scene.slow()


async def _kill(_scene: Scene, service: Service) -> None:
    await service.process.kill()


def _while_reading(list_name: str, deed: _Deed) -> Step:
    """Do something to the planner while Halo has not answered its request for a list."""

    async def strike(scene: Scene) -> None:
        await scene.until_asked("GET", times=1 if list_name == "Client" else 2)
        link = await points.asking(scene, "GET")
        await deed(scene, points.owner(scene, link.client_port))
        await _new_planner(scene)

    return strike


async def _freeze_until_dropped(scene: Scene, service: Service) -> None:
    """Stop it until the broker has given its message back, so that it wakes up and finds its own work again."""
    async with service.process.paused():
        await points.dropped(scene, service)


async def _new_planner(scene: Scene) -> None:
    """Start the planner. A dead one keeps its run for three minutes; they are taken off, for the sake of time."""
    lapsed = (
        "UPDATE run SET claimed_until = now(), redeliver_at = now() WHERE run_id = $1 AND claimed_until IS NOT NULL"
    )
    planner = scene.ground.stack.services[PLANNER]
    if not planner.process.running:
        await scene.fetch(lapsed, scene.run_id)
    await planner.start()


async def _kill_before_planning(scene: Scene) -> None:
    """The read is complete, and the planner cannot say so: the row of the run is locked."""
    await scene.until_asked("GET", times=2)
    await points.asking(scene, "GET")
    async with points.locked(scene, "SELECT FROM run WHERE run_id = $1 FOR UPDATE", scene.run_id):
        held = await points.blocked(scene, PLANNER, "%UPDATE run SET%")
        await held.service.process.kill()
        await scene.fetch("SELECT pg_terminate_backend($1)", held.backend)
    await _new_planner(scene)


async def _kill_while_storing(scene: Scene) -> None:
    """The plan is being stored, in one transaction: the table of items is locked."""
    await scene.until_asked("GET", times=2)
    async with points.locked(scene, "LOCK TABLE item IN SHARE MODE"):
        held = await points.blocked(scene, PLANNER, "COPY%item%")
        await held.service.process.kill()
    await _new_planner(scene)


async def _kill_and_wait_for_the_lease(scene: Scene) -> None:
    """Nobody helps: the sweeper asks for the run again when the dead planner's lease is over."""
    await scene.until_asked("GET", times=2)
    link = await points.asking(scene, "GET")
    await points.owner(scene, link.client_port).process.kill()
    await scene.ground.stack.services[PLANNER].start()


async def _kill_planner_while_writing(scene: Scene) -> None:
    await scene.until_writing()
    planner = scene.ground.stack.services[PLANNER]
    await planner.process.kill()
    await scene.until_ended()
    await planner.start()


async def _expire_and_kill_auth(scene: Scene) -> None:
    """The token is refused, and nobody is there to give a new one."""
    await scene.until_writing()
    auth = scene.ground.stack.services[AUTH]
    await auth.process.kill()
    await scene.ground.halo.expire_tokens(scene.name)
    await scene.until_asked("POST", status=401)
    await auth.start()


async def _expire_and_stop_auth(scene: Scene) -> None:
    """The token is refused, and whoever is to give a new one hangs until a request to it was given up."""
    await scene.until_writing()
    auth = scene.ground.stack.services[AUTH]
    async with auth.process.paused():
        await scene.ground.halo.expire_tokens(scene.name)

        async def given_up() -> bool:
            return bool(await scene.fetch("SELECT FROM batch WHERE run_id = $1 AND failures > 0", scene.run_id))

        await scene.until(given_up, what="a request for a token that is given up")


async def _kill_report_api(scene: Scene) -> None:
    await scene.until_writing()
    api = scene.ground.stack.services[REPORT_API]
    await api.process.kill()
    await scene.until_ended()
    await api.start()


async def _kill_everybody(scene: Scene) -> None:
    await scene.until_writing()
    for service in scene.ground.stack.services.values():
        await service.process.kill()
    await scene.ground.restore()


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
    Case("planner-kill-lease", "planner", "kill -9; its lease runs out", _slow_reads, _kill_and_wait_for_the_lease),
    Case("planner-kill-write", "planner", "kill -9 while the writers write", _slow, _kill_planner_while_writing),
    Case("auth-kill", "auth", "kill -9, and the token expires", _slow, _expire_and_kill_auth),
    Case("auth-stop", "auth", "SIGSTOP, and the token expires", _slow, _expire_and_stop_auth),
    Case("api-kill", "report-api", "kill -9 while the writers write", _slow, _kill_report_api),
    Case("all-kill", "all", "kill -9 of every process, then new ones", _slow, _kill_everybody),
)
