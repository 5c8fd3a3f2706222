"""A port that cannot be had ends a process with one sentence: where, why, which setting."""

import asyncio
import errno
import os
import socket
from collections.abc import Iterator

import pytest
from halosync.runtime import process
from halosync.runtime.health import serve_until, server
from halosync.runtime.settings import ProcessSettings
from halosync.runtime.unreachable import CannotListenError, cannot_listen
from starlette.applications import Starlette
from structlog.testing import capture_logs

LOOPBACK = "127.0.0.1"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]


async def test_a_taken_port_is_told_with_its_setting(taken: int) -> None:
    web = server(Starlette(), LOOPBACK, taken, setting="HALOSYNC_HTTP_PORT")
    with pytest.raises(CannotListenError) as refused:
        await serve_until(web, asyncio.Event())
    assert str(refused.value) == (
        f"cannot listen at {LOOPBACK} port {taken}: another process listens there;"
        " end that one, or set HALOSYNC_HTTP_PORT to another port"
    )


def test_a_process_whose_health_port_is_taken_ends_before_it_does_anything(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "configure_logging", lambda *_: None)
    monkeypatch.setattr(process, "watch_loop", lambda: None)
    monkeypatch.setattr(process, "_start", None)  # whoever calls it fails
    settings = ProcessSettings(database_url="postgresql://h/d", amqp_url="amqp://h", health_port=taken)
    with capture_logs() as logs, pytest.raises(SystemExit) as ended:
        process.run("planner", settings, lambda _: process.Composition())
    assert ended.value.code == 1
    [why] = [line["why"] for line in logs if line["event"] == "cannot start"]
    assert why.endswith("or set HALOSYNC_HEALTH_PORT to another port")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.EACCES, "denied"), "this port is for root alone; set HALOSYNC_HTTP_PORT to one above 1023"),
        (OSError(errno.EADDRNOTAVAIL, "no"), "this machine has no such address; set HALOSYNC_HTTP_HOST to one that"),
        (socket.gaierror(-2, "no {name}"), "[Errno -2] no {name}; are HALOSYNC_HTTP_HOST and HALOSYNC_HTTP_PORT right"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "[Errno 24] Too many open files; are HALOSYNC_HTTP_HOST"),
    ],
)
def test_each_reason_says_what_to_do(error: OSError, told: str) -> None:
    assert cannot_listen("h", 80, "HALOSYNC_HTTP_PORT", error).startswith(f"cannot listen at h port 80: {told}")
