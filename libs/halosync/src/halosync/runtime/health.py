"""`/healthz`, `/readyz` and `/metrics` of a process, on a port of their own (spec section 7)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

CHECK_TIMEOUT_S = 3.0

Check = Callable[[], Awaitable[None]]
"""Returns if a part of the process works, raises if it does not."""


def health_app(checks: Mapping[str, Check]) -> Starlette:
    """Return the application. `/healthz` says the event loop turns, `/readyz` that every check passes."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        results = dict(zip(checks, await asyncio.gather(*(_outcome(c) for c in checks.values())), strict=True))
        ready = all(outcome == "ok" for outcome in results.values())
        return JSONResponse(results, status_code=200 if ready else 503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)])


async def _outcome(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the answer is the same: not ready, and why
        return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return "ok"


def server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """Return a server for an ASGI application inside our event loop; run it with `serve_until`."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)


async def serve_until(web: uvicorn.Server, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then let requests in progress finish."""
    task = asyncio.create_task(web._serve())  # noqa: SLF001 - `serve` would take over the process' signals
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    web.should_exit = True
    await task
