"""Each request counted, timed, and told in the log with who asked: the access log."""

import time

import structlog
from halosync.observability.metrics import HTTP_REQUESTS, HTTP_SECONDS
from halosync.observability.tracing import span
from starlette.types import Message, Receive, Scope, Send

from report_api.web.http_layer import HttpLayer

log = structlog.get_logger("report_api.access_log")


class MeasuredRequests(HttpLayer):
    """Measures the requests of an application. Labels are routes, not addresses, so their number is bounded."""

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status, is_stream = time.perf_counter(), 0, False

        async def watch(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                is_stream = any(value.startswith(b"text/event-stream") for _, value in message.get("headers", ()))
            await send(message)

        with span(scope["method"], "server") as told:
            try:
                await self._app(scope, receive, watch)
            finally:
                _tell(scope, status or 499, time.perf_counter() - began, is_stream=is_stream)
                told.tell(route=_route(scope), status=status or 499)


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "other"))


def _tell(scope: Scope, status: int, seconds: float, *, is_stream: bool) -> None:
    route = _route(scope)
    HTTP_REQUESTS.labels(scope["method"] if route != "other" else "any", route, f"{status // 100}xx").inc()
    if not is_stream:
        HTTP_SECONDS.labels("api" if scope["path"].startswith("/v1/") else "pages").observe(seconds)
    who = scope.get("state", {}).get("who")
    if who is not None or status >= 500:  # of strangers there may be any number; they are counted
        told = {"method": scope["method"], "path": scope["path"], "status": status, "seconds": round(seconds, 3)}
        log.info("request", **told, who=who)
