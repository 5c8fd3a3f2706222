"""Clients without a key who send slowly, badly or nothing: others are answered, and the log stays short."""

import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from devstack.ports import LOOPBACK, free_port
from devstack.process import ChildProcess

pytestmark = pytest.mark.integration

HANDLES, SLOW = 1024, 1100
"""As many as a process usually has, and some more than that: so a report-api was once stopped."""

PROGRAM = (
    "import resource\n"
    f"resource.setrlimit(resource.RLIMIT_NOFILE, ({HANDLES}, {HANDLES}))\n"
    "from report_api.composition import main\n"
    "main()\n"
)
HEAD = b"GET /sign-in HTTP/1.1\r\nHost: halosync.example\r\n"


@dataclass(frozen=True)
class ReportApi:
    process: ChildProcess
    port: int

    def connect(self) -> socket.socket:
        return socket.create_connection((LOOPBACK, self.port), timeout=5)

    def log_lines(self) -> int:
        return len(self.process.log.read_text("utf-8").splitlines())

    async def seconds_of_a_page(self) -> float:
        """Return how long a client of good manners waits."""
        began = time.monotonic()
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            answer = await client.get(f"http://{LOOPBACK}:{self.port}/sign-in", headers={"Accept": "text/html"})
        assert answer.status_code == 200
        return time.monotonic() - began


@pytest_asyncio.fixture(loop_scope="session")
async def report_api(database_url: str, amqp_url: str, tmp_path: Path) -> AsyncIterator[ReportApi]:
    """A real report-api with few file handles."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HALOSYNC_")}
    port, health_port = free_port(), free_port()
    settings = {
        "HALOSYNC_DATABASE_URL": database_url,
        "HALOSYNC_AMQP_URL": amqp_url,
        "HALOSYNC_PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        "HALOSYNC_HTTP_PORT": str(port),
        "HALOSYNC_HEALTH_PORT": str(health_port),
    }
    argv = [sys.executable, "-u", "-c", PROGRAM]
    process = ChildProcess("report-api", argv, env=environment | settings, log=tmp_path / "log", cwd=tmp_path)
    process.start()
    await process.wait_http(f"http://{LOOPBACK}:{health_port}/readyz", timeout_s=60)
    yield ReportApi(process, port)
    assert await process.terminate(), process.log_tail()


async def test_half_sent_heads_shut_nobody_out_and_write_no_log(report_api: ReportApi) -> None:
    slow = []
    try:
        for number in range(SLOW):
            slow.append(report_api.connect())
            slow[-1].sendall(HEAD)
            if number % 100 == 99:
                assert await report_api.seconds_of_a_page() < 2
        assert report_api.log_lines() < 10, report_api.process.log_tail()
    finally:
        for each in slow:
            each.close()


async def test_what_is_no_http_and_bodies_that_break_off_write_no_log(report_api: ReportApi) -> None:
    form = b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    for _ in range(50):
        for sent in (b"\x16\x03\x01 no HTTP at all\r\n\r\n", form + b"Content-Length: 1000\r\n\r\ncsrf="):
            with report_api.connect() as client:
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
    assert await report_api.seconds_of_a_page() < 2
    assert report_api.log_lines() < 10, report_api.process.log_tail()
