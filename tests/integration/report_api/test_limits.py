"""How much one key may have at once, in API and pages alike, over all its sessions (spec section 10)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from halosync.domain.acts import COMMAND_LINE
from halosync.ports.sessions import Notice
from report_api.access.limits import MOST, Use

from tests.integration.conftest import PUBLIC_URL

if TYPE_CHECKING:
    from report_api.app import Api

    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

ACME = "acme-msp"


class Call:
    """A request whose client takes nothing of the answer's body until it is told to."""

    def __init__(self, application: "Api", path: str, headers: dict[str, str]) -> None:
        self._begun: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._go_on = asyncio.Event()
        self._asked = False
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "client": ("::1", 1),
            "server": ("converge.example", 443),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        self._task = asyncio.create_task(application(scope, self._receive, self._send))

    async def status(self) -> int:
        """Return the status once the answer has begun."""
        async with asyncio.timeout(20):
            return await self._begun

    async def end(self, *, broken: bool = False) -> None:
        """Take the rest, or break the connection."""
        if broken:
            self._task.cancel()
        self._go_on.set()
        async with asyncio.timeout(20):
            await asyncio.gather(self._task, return_exceptions=True)

    async def _receive(self) -> dict[str, object]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._go_on.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._begun.set_result(message["status"])
        else:
            await self._go_on.wait()


@asynccontextmanager
async def many(application: "Api", world: "World", use: Use, path: str, **headers: str) -> AsyncIterator[list[Call]]:
    """As many calls as one key may have at once, all of them begun and none ended."""
    calls = [Call(application, path, {**world.key(), **headers}) for _ in range(MOST[use])]
    try:
        assert {await call.status() for call in calls} == {200}
        yield calls
    finally:
        for call in calls:
            await call.end()
    assert not application.state.limits._taken, "every place is given back"


def refused(answer: httpx.Response) -> bool:
    """Tell whether it was too much, and check that the answer says so."""
    if answer.status_code != 429:
        return False
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["code"] == "too_many_requests"
    return True


async def test_exports_of_one_key_are_bounded_and_hold_no_place_among_its_requests(
    world: "World", application: "Api"
) -> None:
    await world.invoice(lines=[world.line(1)])
    path, csv = f"/v1/partners/{ACME}/invoices/INV-1/lines", {"Accept": "text/csv"}
    async with many(application, world, Use.EXPORT, path, **csv) as calls:
        assert refused(await world.call("GET", "/invoices/INV-1/lines", headers=csv))
        assert (await world.call("GET", "/invoices/INV-1/lines")).status_code == 200
        assert (await world.call("GET", "/invoices/INV-1/lines", headers=csv, key=None)).status_code == 200
        await calls[0].end(broken=True)
        assert (await world.call("GET", "/invoices/INV-1/lines", headers=csv)).status_code == 200


async def test_streams_of_one_key_are_bounded(world: "World", application: "Api") -> None:
    run_id = await world.run(await world.invoice())
    path = f"/v1/partners/{ACME}/runs/{run_id}/events"
    async with many(application, world, Use.STREAM, path):
        assert refused(await world.call("GET", f"/runs/{run_id}/events"))
        assert (await world.call("GET", "/summary")).status_code == 200
        await world.finish(run_id)
        assert (await world.call("GET", f"/runs/{run_id}/events", key=None)).status_code == 200


async def test_requests_of_one_key_are_bounded_over_api_and_sessions(world: "World", application: "Api") -> None:
    principal = await world.ports.keys.authenticate(world.keys[ACME])
    assert principal is not None
    sessions = [
        {"Cookie": f"__Host-halosync-session={await world.ports.sessions.open(principal)}", "Accept": "text/html"}
        for _ in range(2)
    ]
    page = f"/portal/{ACME}/settings"
    calls = [Call(application, f"/v1/partners/{ACME}/summary", world.key()) for _ in range(MOST[Use.REQUEST] - 2)]
    calls += [Call(application, page, session) for session in sessions]
    assert {await call.status() for call in calls} == {200}
    assert refused(await world.call("GET", "/summary"))
    shown = await world.client.get(page, headers=sessions[0])
    assert (shown.status_code, shown.headers["retry-after"]) == (429, "1")
    assert "Wait until one of them has ended" in shown.text
    other = await world.ports.keys.create(ACME, "other", by=COMMAND_LINE)
    world.keys["other"] = other.api_key
    assert (await world.call("GET", "/summary", key="other")).status_code == 200
    for call in calls:
        await call.end()
    assert (await world.call("GET", "/summary")).status_code == 200
    assert not application.state.limits._taken


async def test_what_fails_gives_its_place_back(world: "World", application: "Api") -> None:
    for path in ("/runs/nonsense", "/summary", "/nothing"):
        await world.client.get(f"{PUBLIC_URL}/v1/partners/{ACME}{path}", headers=world.key())
    await world.call("POST", "/keys", content=b"{")
    assert not application.state.limits._taken


async def test_the_51st_key_is_one_too_many(world: "World") -> None:
    await world.pool.execute(
        "INSERT INTO api_key (partner_id, key_hash) SELECT 'acme-msp', n::text::bytea FROM generate_series(1, 49) n"
    )
    assert refused(await world.call("POST", "/keys", json={"name": "one more"}))
    assert len(await world.pages("/keys", 20)) == 50


async def test_notices_of_a_session_are_few_and_short(world: "World") -> None:
    principal = await world.ports.keys.authenticate(world.keys[ACME])
    assert principal is not None
    token = await world.ports.sessions.open(principal)
    for number in range(8):
        await world.ports.sessions.add_notice(token, Notice("info", f"{number} " + "x" * 5000))
    session = await world.ports.sessions.find(token)
    assert session is not None
    assert [notice.text[0] for notice in session.notices] == ["3", "4", "5", "6", "7"]
    assert all(len(notice.text) <= 1001 for notice in session.notices)
