"""A server holds so many connections and no more, and none that keeps it waiting for long."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import cast

import pytest
from devstack.ports import LOOPBACK, free_port
from devstack.wait import until
from halosync.runtime import http_connections
from halosync.runtime.connection_bounds import ConnectionBounds
from halosync.runtime.health import serve_until, server
from halosync.runtime.http_connections import MOST_HEAD_BYTES
from prometheus_client import REGISTRY
from starlette.types import Receive, Scope, Send

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"
WHOLE = HEAD + b"\r\n"
HELD = HEAD.replace(b"/ ", b"/held ") + b"\r\n"
LARGE = 8_000_000
GO_ON = asyncio.Event()
"""Lets answers of `/held` go on."""
Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a little, with much, or with what was sent."""
    body = b"x" * LARGE if scope["path"] == "/large" else b"hello"
    if scope["path"] == "/echo":
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
    if scope["path"] == "/held":
        await GO_ON.wait()
    if scope["path"] == "/who":
        body = f"{scope['client'][0]} says hello".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(bounds: ConnectionBounds) -> AsyncIterator[Callable[[], Awaitable[Peer]]]:
    port, stop = free_port(), asyncio.Event()
    GO_ON.clear()
    running = asyncio.create_task(serve_until(server(app, LOOPBACK, port, bounds), stop))
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> Peer:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writers.append(writer)
        return reader, writer

    async def listens() -> bool:
        try:
            await connect()
        except OSError:
            return False
        return True

    try:
        await until(listens, what="the server", timeout_s=10)
        yield connect
    finally:
        for writer in writers:
            writer.close()
        stop.set()
        GO_ON.set()
        async with asyncio.timeout(10):
            await running


async def said(peer: Peer, sent: bytes) -> bytes:
    """Send something and return all of what comes back, up to the end of an answer or of the connection."""
    reader, writer = peer
    writer.write(sent)
    async with asyncio.timeout(10):
        try:
            return await reader.readuntil(b"hello")
        except asyncio.IncompleteReadError as ended:
            return ended.partial
        except ConnectionResetError:
            return b""


def ended(why: str) -> float:
    return REGISTRY.get_sample_value("halosync_http_connections_ended_total", {"why": why}) or 0


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "_SWEEP_S", 0.05)
    for name in ("REQUEST_S", "BODY_S", "ANSWER_S"):
        monkeypatch.setattr(http_connections, name, 0.4)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (HEAD, b"408"),
        (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhell", b""),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"hello"),
    ],
    ids=["nothing", "half a head", "half a body", "a body without an end"],
)
async def test_who_keeps_us_waiting_is_let_go(sent: bytes, answer: bytes) -> None:
    async with serving(ConnectionBounds()) as connect:
        peer = await connect()
        assert answer in await said(peer, sent)
        assert await said(peer, b"") == b""


@pytest.mark.usefixtures("quick")
async def test_bytes_that_drip_gain_no_time() -> None:
    async with serving(ConnectionBounds()) as connect:
        reader, writer = await connect()
        writer.write(HEAD)
        ended = asyncio.create_task(reader.read())

        async def gone() -> bool:
            writer.write(b"a")
            return ended.done()

        await until(gone, what="the end of the connection", timeout_s=10, every_s=0.01)


@pytest.mark.usefixtures("quick")
async def test_an_answer_that_nobody_takes_is_given_up() -> None:
    async with serving(ConnectionBounds()) as connect:
        before = ended("slow")
        _, writer = await connect()
        cast("asyncio.Transport", writer.transport).pause_reading()
        writer.write(HEAD.replace(b"/ ", b"/large ") + b"\r\n")

        async def given_up() -> bool:
            return ended("slow") > before

        await until(given_up, what="the end of the connection", timeout_s=10)


@pytest.mark.parametrize(
    "bounds",
    [ConnectionBounds(20, 10), ConnectionBounds(20, 1, [ip_network(f"{LOOPBACK}/32")])],
    ids=["an address", "a proxy"],
)
async def test_half_sent_requests_shut_nobody_out(bounds: ConnectionBounds) -> None:
    async with serving(bounds) as connect:
        for _ in range(100):
            _, writer = await connect()
            writer.write(HEAD)
        assert b"200 OK" in await said(await connect(), WHOLE)


@pytest.mark.parametrize(
    ("proxies", "seen"), [([], LOOPBACK), ([f"{LOOPBACK}/32"], "203.0.113.7"), (["198.51.100.0/24"], LOOPBACK)]
)
async def test_only_a_proxy_is_believed_for_whom_it_asks(proxies: list[str], seen: str) -> None:
    bounds = ConnectionBounds(proxies=[ip_network(proxy) for proxy in proxies])
    asked = b"GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n"
    async with serving(bounds) as connect:
        assert f"\r\n\r\n{seen} says hello".encode() in await said(await connect(), asked)


async def test_what_is_at_work_makes_no_room() -> None:
    async with serving(ConnectionBounds(in_all=3, per_address=3)) as connect:
        held = [await connect() for _ in range(3)]
        answers = [asyncio.create_task(said(peer, HELD)) for peer in held]

        async def full() -> bool:
            return b"503" in await said(await connect(), WHOLE)

        await until(full, what="all being at work", timeout_s=10)
        GO_ON.set()
        assert all(b"200 OK" in answer for answer in await asyncio.gather(*answers))


async def test_a_head_without_an_end_is_refused() -> None:
    async with serving(ConnectionBounds()) as connect:
        answer = await said(await connect(), HEAD + b"a: b\r\n" * (MOST_HEAD_BYTES // 5))
        assert b"431" in answer


async def test_requests_without_an_end_are_refused() -> None:
    async with serving(ConnectionBounds()) as connect:
        assert (await said(await connect(), WHOLE * 10)).startswith(b"HTTP/1.1 200 OK")
        assert await said(await connect(), HELD + WHOLE * 100) == b""


async def test_both_lengths_are_refused_and_the_connection_is_closed() -> None:
    both = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    async with serving(ConnectionBounds()) as connect:
        answer = await said(await connect(), both + WHOLE)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"connection: close" in answer
    assert b"200 OK" not in answer


def test_file_handles_bound_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for handles, most in [(1024, 824), (256, 128), (100_000, 2000), (-1, 2000)]:
        monkeypatch.setattr("resource.getrlimit", lambda _, handles=handles: (handles, handles))
        assert ConnectionBounds().most == most
