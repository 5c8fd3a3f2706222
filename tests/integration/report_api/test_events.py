"""Server-sent events, from a live server."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import httpx
import pytest
import pytest_asyncio
from devstack.fields import Fields
from devstack.ports import free_port
from halosync.domain.acts import COMMAND_LINE
from halosync.runtime.health import serve_until, server
from report_api.app import build
from report_api.ports import EventTiming

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

Event = tuple[str, Fields]


class Stream:
    """The events of one response, as they arrive."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.heartbeats = asyncio.Event()
        self._lines = response.aiter_lines()

    async def next(self) -> Event | None:
        """Return the next event; None at the end of the stream."""
        name = ""
        async with asyncio.timeout(10):
            async for text in self._lines:
                if text.startswith(":"):
                    self.heartbeats.set()
                elif text.startswith("event: "):
                    name = text.removeprefix("event: ")
                elif text.startswith("data: "):
                    return name, json.loads(text.removeprefix("data: "))
        return None


@pytest_asyncio.fixture(loop_scope="session")
async def live(world: "World") -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API behind a real server, which stops with the test."""
    port, stop = free_port(), asyncio.Event()
    web = server(build(world.ports), "127.0.0.1", port)
    serving = asyncio.create_task(serve_until(web, stop))
    # The server has no signal of its own for "I listen"; connecting is tried until it does.
    transport = httpx.AsyncHTTPTransport(retries=5)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=10) as client:
        yield client
    world.ports.closing.set()
    stop.set()
    async with asyncio.timeout(4):
        await serving


def address(run_id: "UUID") -> str:
    return f"/v1/partners/acme-msp/runs/{run_id}/events"


async def test_events_follow_the_run_to_its_end(world: "World", live: httpx.AsyncClient) -> None:
    run_id = await world.run(await world.invoice(), [world.item(), world.item()])
    async with live.stream("GET", address(run_id), headers=world.key()) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        stream = Stream(response)
        first = await stream.next()
        assert first is not None
        assert (first[0], first[1]["state"], first[1]["counters"]["pending"]) == ("counters", "writing", 2)
        assert first[1]["run_id"] == str(run_id)

        await world.pool.execute("UPDATE item SET outcome = 'synced', action_state = 'applied' WHERE seq = 0")
        second = await stream.next()
        assert second is not None
        assert (second[0], second[1]["counters"]["created"], second[1]["counters"]["pending"]) == ("counters", 1, 1)

        await world.pool.execute("UPDATE item SET outcome = 'failed', action_state = 'rejected' WHERE seq = 1")
        await world.finish(run_id, "partial")
        while (event := await stream.next()) is not None and event[0] == "counters":
            continue
        assert event is not None
        assert (event[0], event[1]["state"], event[1]["counters"]["failed"]) == ("finished", "partial", 1)
        assert await stream.next() is None


async def test_a_run_that_has_ended_is_one_event(world: "World", live: httpx.AsyncClient) -> None:
    run_id = await world.run(await world.invoice(), state="succeeded")
    async with live.stream("GET", address(run_id), headers=world.key()) as response:
        stream = Stream(response)
        event = await stream.next()
        assert event is not None
        assert (event[0], event[1]["state"]) == ("finished", "succeeded")
        assert await stream.next() is None


@pytest.mark.parametrize("event_timing", [EventTiming(poll_s=0.02, progress_s=0.1, heartbeat_s=60.0)])
async def test_what_is_ahead_comes_with_the_counters_and_between_them(world: "World", live: httpx.AsyncClient) -> None:
    run_id = await world.run(await world.invoice(), [world.item()])
    async with live.stream("GET", address(run_id), headers=world.key()) as response:
        stream = Stream(response)
        event = await stream.next()
        assert event is not None
        assert event[0] == "counters"
        assert {name: event[1][name] for name in ("eta_s", "requests_left", "waiting_until")} == {
            "eta_s": 0,
            "requests_left": 500,
            "waiting_until": None,
        }
        await world.pool.execute(
            "INSERT INTO rate_tenant (tenant, requests, window_s, blocked_until)"
            " VALUES ('acme', 500, 300, now() + interval '90 s')"
        )
        event = await stream.next()
        assert event is not None
        assert (event[0], event[1]["requests_left"], event[1]["counters"]["pending"]) == ("progress", 0, 1)
        assert event[1]["waiting_until"] is not None
        await world.finish(run_id, "cancelled")
        while event is not None and event[0] == "progress":
            event = await stream.next()
        assert event is not None
        assert (event[0], event[1]["requests_left"], event[1]["waiting_until"]) == ("finished", None, None)


async def test_silence_is_filled_with_comments_and_stopping_ends_the_stream(
    world: "World", live: httpx.AsyncClient
) -> None:
    run_id = await world.run(await world.invoice())
    async with live.stream("GET", address(run_id), headers=world.key()) as response:
        stream = Stream(response)
        assert await stream.next() is not None
        silent = asyncio.create_task(stream.next())
        async with asyncio.timeout(10):
            await stream.heartbeats.wait()
        world.ports.closing.set()
        assert await silent is None


async def test_a_stream_ends_when_its_key_is_revoked(world: "World", live: httpx.AsyncClient) -> None:
    run_id = await world.run(await world.invoice())
    async with live.stream("GET", address(run_id), headers=world.key()) as response:
        stream = Stream(response)
        assert await stream.next() is not None
        await world.pool.execute("UPDATE api_key SET revoked_at = now() WHERE partner_id = 'acme-msp'")
        async with asyncio.timeout(10):
            assert await stream.next() is None


async def test_watching_holds_no_connection_to_the_database(world: "World", live: httpx.AsyncClient) -> None:
    run_id = await world.run(await world.invoice())

    async def watch(key: str) -> Event | None:
        async with live.stream("GET", address(run_id), headers=world.key(key)) as response:
            stream = Stream(response)
            assert await stream.next() is not None
            watching.release()
            return await stream.next()

    watchers = 3 * world.pool.get_max_size()
    watching = asyncio.Semaphore(0)
    keys = [str(number) for number in range(watchers // 8 + 1)]  # one alone may not ask so often at once
    for key in keys:
        world.keys[key] = (await world.ports.keys.create("acme-msp", key, by=COMMAND_LINE)).api_key
    tasks = [asyncio.create_task(watch(keys[number % len(keys)])) for number in range(watchers)]
    for _ in range(watchers):
        async with asyncio.timeout(20):
            await watching.acquire()
    assert (await live.get("/v1/partners/acme-msp/summary", headers=world.key())).status_code == 200
    await world.finish(run_id, "cancelled")
    ends = await asyncio.gather(*tasks)
    assert {end[0] for end in ends if end is not None} == {"finished"}
    assert None not in ends
