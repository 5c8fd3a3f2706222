"""`/healthz` and `/readyz` tell what is known, at once, however many ask."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from devstack.wait import until
from halosync.runtime.health import health_app
from halosync.runtime.loop_lag import STALLED_S, STALLED_TICKS, LoopLag
from halosync.runtime.readiness import Check, CheckTiming, ReadinessChecks

QUICK = CheckTiming(every_s=0.01, timeout_s=0.1, stale_s=10.0)


async def comes_true(condition: Callable[[], bool]) -> None:
    async def true() -> bool:
        return condition()

    await until(true, what="the condition", timeout_s=10, every_s=0.001)


@asynccontextmanager
async def watched(timing: CheckTiming = QUICK, **checks: Check) -> AsyncIterator[ReadinessChecks]:
    readiness, stop = ReadinessChecks(checks, timing), asyncio.Event()
    watching = asyncio.create_task(readiness.watch(stop))
    yield readiness
    stop.set()
    await watching


def asking(readiness: ReadinessChecks, lag: LoopLag | None = None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(health_app(readiness, lag or LoopLag()))
    return httpx.AsyncClient(transport=transport, base_url="http://process")


async def well() -> None:
    """A part that works."""


async def ill() -> None:
    raise ConnectionError("the connection is down")


async def silent() -> None:
    await asyncio.Event().wait()


async def test_before_the_first_look_it_is_not_ready() -> None:
    async with asking(ReadinessChecks({"postgres": well})) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"postgres": "not looked at yet"})


async def test_every_part_says_what_is_wrong_with_it_and_a_silent_one_delays_no_other() -> None:
    async with watched(a=well, b=ill, c=silent) as readiness, asking(readiness) as client:
        await comes_true(lambda: "not looked at yet" not in readiness.report().values())
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"a": "ok", "b": "ConnectionError: the connection is down", "c": "TimeoutError"}


async def test_what_was_ill_and_is_well_is_ready_again() -> None:
    illness: list[Exception] = [ConnectionError()]

    async def part() -> None:
        if illness:
            raise illness[0]

    async with watched(part=part) as readiness, asking(readiness) as client:
        await comes_true(lambda: readiness.report()["part"] == "ConnectionError")
        illness.clear()
        await comes_true(lambda: readiness.report()["part"] == "ok")
        assert (await client.get("/readyz")).status_code == 200


async def test_many_who_ask_cost_nothing() -> None:
    looks = []

    async def part() -> None:
        looks.append(1)

    async with watched(CheckTiming(every_s=1000, timeout_s=1, stale_s=1000), part=part) as readiness:
        await comes_true(lambda: readiness.report()["part"] == "ok")
        async with asking(readiness) as client:
            answers = await asyncio.gather(*(client.get("/readyz") for _ in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(looks) == 1


async def test_a_truth_that_is_old_is_none() -> None:
    """Whatever keeps the timer from looking, a process must not go on to call itself ready."""
    async with watched(CheckTiming(every_s=1000, timeout_s=1, stale_s=0.05), part=well) as readiness:
        await comes_true(lambda: readiness.report()["part"] == "ok")
        await comes_true(lambda: readiness.report()["part"].startswith("not known"))


async def test_a_process_that_stops_is_not_ready() -> None:
    async with watched(part=well) as readiness, asking(readiness) as client:
        await comes_true(lambda: readiness.report()["part"] == "ok")
        readiness.stopping()
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"part": "ok", "process": "stopping"})


@pytest.mark.parametrize(
    ("lags", "status"),
    [
        ([], 200),
        ([0.001] * 60, 200),
        ([0.0] * 10 + [10 * STALLED_S], 200),
        ([2 * STALLED_S] * (STALLED_TICKS - 1), 200),
        ([2 * STALLED_S] * STALLED_TICKS, 503),
        ([2 * STALLED_S] * 30 + [0.0], 200),
    ],
    ids=["new", "idle", "slept once", "too early to say", "stalled", "over"],
)
async def test_a_loop_that_never_keeps_up_is_reported_and_a_pause_is_not(lags: list[float], status: int) -> None:
    lag = LoopLag()
    for seconds in lags:
        lag.note(seconds)
    async with asking(ReadinessChecks({}), lag) as client:
        answer = await client.get("/healthz")
    assert answer.status_code == status
    assert answer.json()["loop_lag_s"] == max(lags, default=0)


async def test_the_lag_of_a_loop_that_is_held_up_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halosync.runtime.loop_lag.TICK_S", 0.01)
    lag, stop = LoopLag(), asyncio.Event()
    watching = asyncio.create_task(lag.watch(stop))
    await asyncio.sleep(0)  # it has begun
    began = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() < began + 0.2:
        pass
    await comes_true(lambda: lag.worst_s > 0.1)
    stop.set()
    await watching
