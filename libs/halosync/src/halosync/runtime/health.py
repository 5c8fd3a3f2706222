"""`/healthz`, `/readyz` and `/metrics` of a process, on a port of their own (spec section 7)."""

import asyncio
import socket

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from halosync.runtime.connection_bounds import ConnectionBounds
from halosync.runtime.http_connections import ServerConfig
from halosync.runtime.loop_lag import LoopLag
from halosync.runtime.readiness import ProcessState, ReadinessChecks
from halosync.runtime.unreachable import CannotListenError, cannot_listen
from halosync.version import VERSION


def health_app(readiness: ReadinessChecks | ProcessState, lag: LoopLag) -> Starlette:
    """Return the application. `/healthz` says that the event loop turns, `/readyz` that every part works.

    Neither asks anybody: both tell what is known, so that many who ask at a time cost nothing.
    """

    async def healthz(_: Request) -> Response:
        status = "stalled" if lag.stalled else "ok"
        told = {"status": status, "version": VERSION, "loop_lag_s": round(lag.worst_s, 3)}
        return JSONResponse(told, status_code=200 if status == "ok" else 503)

    async def readyz(_: Request) -> Response:
        report = readiness.report()
        ready = all(outcome == "ok" for outcome in report.values())
        return JSONResponse(report, status_code=200 if ready else 503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)])


class HttpServer(uvicorn.Server):
    """A server inside our event loop; run it with `serve_until`.

    Args:
        config: where it listens, and for what.
        setting: the variable that says the port.
    """

    def __init__(self, config: ServerConfig, setting: str) -> None:
        super().__init__(config)
        self._setting = setting
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen.

        Raises:
            CannotListenError: the port cannot be had; uvicorn itself would end the process with a traceback.
        """
        try:
            await super().startup(sockets)
        except SystemExit as ended:
            why = cannot_listen(self.config.host, self.config.port, self._setting, ended.__context__)
            raise CannotListenError(why) from None
        self.listens.set()


def server(
    app: ASGIApp, host: str, port: int, bounds: ConnectionBounds | None = None, *, setting: str = "HALOSYNC_HEALTH_PORT"
) -> HttpServer:
    """Return a server for an ASGI application; `setting` is the variable that says the port."""
    return HttpServer(ServerConfig(app, host, port, bounds or ConnectionBounds(in_all=50)), setting)


async def serve_until(web: uvicorn.Server, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then let requests in progress finish."""
    task = asyncio.create_task(web._serve())  # noqa: SLF001 - `serve` would take over the process' signals
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    web.should_exit = True
    await task
