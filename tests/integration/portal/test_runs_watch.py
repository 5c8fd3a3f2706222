"""Live events of the Sync panel: how far a run is, that the page is out of date, that the session has ended."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from halosync.domain.roles import Role
from report_api.ports import EventTiming
from report_api.runs.watch import sync_events
from report_api.web.visitor import Visitor

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

SYNC = "/portal/acme-msp/sync"


@pytest.fixture
def event_timing() -> EventTiming:
    return EventTiming(poll_s=0.02, progress_s=0.05, heartbeat_s=0.1)


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(world: "World") -> Visitor:
    """Somebody who has signed in and looks at a page."""
    principal = await world.ports.keys.authenticate(world.keys["acme-msp"])
    assert principal is not None
    token = await world.ports.sessions.open(principal)
    session, frame = await world.ports.sessions.find(token), await world.ports.sessions.header("acme-msp")
    assert session is not None
    assert frame is not None
    return Visitor(token, session, frame, Role.ADMIN)


class Stream:
    """The events of a page, as they come."""

    def __init__(self, events: AsyncIterator[str]) -> None:
        self._events = events

    async def next(self) -> tuple[str, str] | None:
        """Return the name and the data of the next event; None at the end."""
        async with asyncio.timeout(10):
            async for text in self._events:
                if text.startswith("event: "):
                    name, _, data = text.partition("\n")
                    lines = [line.removeprefix("data: ") for line in data.splitlines() if line]
                    return name.removeprefix("event: "), "\n".join(lines)
        return None


async def test_progress_comes_until_the_run_has_ended(world: "World", visitor: Visitor) -> None:
    run_id = await world.run(await world.invoice(), [world.item(), world.item()])
    stream = Stream(sync_events(world.ports, visitor, f"{run_id}.writing"))
    event = await stream.next()
    assert event is not None
    assert event[0] == "progress"
    assert "<strong>0 of 2</strong>" in event[1]

    await world.pool.execute("UPDATE item SET outcome = 'synced', action_state = 'applied' WHERE seq = 0")
    while event is not None and "<strong>1 of 2</strong>" not in event[1]:
        event = await stream.next()
    assert event is not None
    assert 'data-said="Writing to Halo: 50 percent done."' in event[1]

    await world.pool.execute(
        "INSERT INTO rate_tenant (tenant, requests, window_s, blocked_until)"
        " VALUES ('acme', 500, 300, now() + interval '90 s')"
    )
    while event is not None and "Waiting for Halo" not in event[1]:
        event = await stream.next()
    await world.finish(run_id, "cancelled")
    while event is not None and event[0] == "progress":
        event = await stream.next()
    assert event == ("changed", "")
    assert await stream.next() is None


async def test_a_page_from_before_the_run_is_told_that_it_is_out_of_date(world: "World", visitor: Visitor) -> None:
    stream = Stream(sync_events(world.ports, visitor, ""))
    waiting = asyncio.create_task(stream.next())
    await world.run(await world.invoice())
    assert await waiting == ("changed", "")


async def test_a_run_of_another_partner_changes_nothing(
    world: "World", visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: asyncio.Queue[str] = asyncio.Queue()
    look = world.ports.run_views.newest

    async def noted(partner_id: str) -> Any:
        found = await look(partner_id)
        looks.put_nowait(partner_id)
        return found

    monkeypatch.setattr(world.ports.run_views, "newest", noted)
    stream = Stream(sync_events(world.ports, visitor, ""))
    waiting = asyncio.create_task(stream.next())
    await looks.get()
    await world.run(await world.invoice(partner="rival-msp"), partner="rival-msp")
    # One look may have begun before the run; when the third comes, what the second found was judged.
    for _ in range(3):
        await looks.get()
    assert not waiting.done()
    world.ports.closing.set()
    assert await waiting is None


async def test_a_session_that_ends_ends_the_stream(world: "World", visitor: Visitor) -> None:
    run_id = await world.run(await world.invoice(), state="reading")
    stream = Stream(sync_events(world.ports, visitor, f"{run_id}.active"))
    event = await stream.next()
    await world.ports.sessions.close(visitor.token, visitor.session)
    while event is not None and event[0] == "progress":
        event = await stream.next()
    assert event == ("signed-out", "")
    assert await stream.next() is None


async def test_watching_is_no_use_of_the_session(world: "World", visitor: Visitor) -> None:
    await world.pool.execute("UPDATE portal_session SET last_seen_at = now() - interval '119 minutes'")
    assert await world.ports.sessions.is_open(visitor.token, "acme-msp")
    assert not await world.ports.sessions.is_open(visitor.token, "rival-msp")
    await world.pool.execute("UPDATE portal_session SET last_seen_at = now() - interval '121 minutes'")
    assert not await world.ports.sessions.is_open(visitor.token, "acme-msp")


async def test_the_stream_belongs_to_the_session(browser: "Browser", world: "World") -> None:
    await world.run(await world.invoice())
    answer = await browser.client.get(f"{SYNC}/events?seen=", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 401
    await browser.sign_in()
    answer = await browser.client.get(f"{SYNC}/events?seen=", headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event: changed" in answer.text


async def test_a_page_that_is_loaded_behind_the_scenes_takes_nobodys_notices(
    browser: "Browser", world: "World"
) -> None:
    await world.connect()
    run_id = await world.run(await world.invoice(lines=[world.line(1)]))
    await browser.sign_in()
    await browser.open(f"/portal/acme-msp/runs/{run_id}/cancel")
    browser.client.follow_redirects = False
    await browser.submit(f"/portal/acme-msp/runs/{run_id}/cancel", status=303)
    address = f"/portal/acme-msp/runs/{run_id}"
    await browser.client.get(address, headers={"Sec-Fetch-Mode": "cors"})
    assert "Cancelled. Nothing more is sent" in (await browser.open(address)).text
