"""Files that take long: made as they are read, and ended with the key that they were asked for with."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import httpx
import pytest
import pytest_asyncio
from devstack.ports import free_port
from devstack.wait import until
from halosync.ports.line_views import LineFilter, LineView
from halosync.runtime.health import serve_until, server
from halosync.store.line_views import LineViews
from report_api.access import long_answer
from report_api.app import build

from tests.integration.made_rows import line

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

ACME = "acme-msp"
PATH = f"/v1/partners/{ACME}/invoices/INV-1/lines"


class EndlessLines:
    """Lines without end, all like the first of the invoice; counts the pieces that were asked for."""

    def __init__(self, lines: Sequence[LineView]) -> None:
        self._lines = lines
        self.pieces = 0

    async def page(self, *_: object, most: int, **__: object) -> Sequence[LineView]:
        self.pieces += 1
        return [self._lines[0]] * most


@pytest_asyncio.fixture(loop_scope="session")
async def endless(world: "World") -> AsyncIterator[tuple[httpx.AsyncClient, EndlessLines]]:
    """A real server whose invoice has lines without end, and a client of it."""
    await world.invoice("INV-1", lines=[line(1)])
    of = await world.ports.invoice_reports.find(ACME, "INV-1")
    assert of is not None
    lines = EndlessLines(await world.ports.line_views.page(of.lines, LineFilter(), after=0, most=1))
    ports = replace(world.ports, line_views=cast("LineViews", lines))
    port, stop = free_port(), asyncio.Event()
    serving = asyncio.create_task(serve_until(server(build(ports), "127.0.0.1", port), stop))
    transport = httpx.AsyncHTTPTransport(retries=5)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=10) as client:
        yield client, lines
    stop.set()
    async with asyncio.timeout(10):
        await serving


async def rest_of(pieces: AsyncIterator[bytes]) -> int:
    return sum([len(piece) async for piece in pieces])


async def test_a_file_ends_with_its_key_and_does_not_look_whole(
    world: "World", endless: tuple[httpx.AsyncClient, EndlessLines], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_answer, "ALLOWED_EVERY_S", 0.0)
    client, _ = endless
    created = (await world.call("POST", "/keys", json={"name": "for a file"})).json()
    headers = {"Authorization": f"Bearer {created['api_key']}", "Accept": "text/csv"}
    async with client.stream("GET", PATH, headers=headers) as answer:
        pieces = answer.aiter_raw()
        assert (await anext(pieces)).removeprefix(b"\xef\xbb\xbf").startswith(b"line_no,")
        await world.call("DELETE", f"/keys/{created['key_id']}")
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            await asyncio.wait_for(rest_of(pieces), 20)


async def test_a_file_that_nobody_reads_is_made_no_further(
    world: "World", endless: tuple[httpx.AsyncClient, EndlessLines]
) -> None:
    client, lines = endless
    async with client.stream("GET", PATH, headers={**world.key(), "Accept": "text/csv"}) as answer:
        await anext(answer.aiter_raw())
        seen = [0]

        async def rests() -> bool:
            seen.append(lines.pieces)
            return len(seen) > 5 and len(set(seen[-5:])) == 1

        await until(rests, what="an end of the making", timeout_s=30, every_s=0.1)
        # And others of the partner are answered meanwhile: no place of its share is held.
        assert (await client.get(PATH, headers=world.key(), params={"limit": 1})).status_code == 200
