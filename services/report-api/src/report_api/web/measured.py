"""Each request counted, timed, and told in the log with who asked: the access log."""

import time
from collections.abc import Iterable

import structlog
from halosync.observability.metrics import HTTP_REQUESTS, HTTP_SECONDS
from halosync.observability.tracing import span
from starlette.routing import BaseRoute, Route
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


def count_failures_from_zero(routes: Iterable[BaseRoute]) -> None:
    """Begin every counter of 5xx: an alarm cannot see a first one grow out of nothing."""
    HTTP_REQUESTS.labels("any", "other", "5xx")
    for route in routes:
        if isinstance(route, Route):
            for method in route.methods or ():
                HTTP_REQUESTS.labels(method, route.path, "5xx")


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "other"))


def _method(scope: Scope) -> str:
    """Return a method that the route has; a client may make up any other one."""
    known: Iterable[str] = getattr(scope.get("route"), "methods", None) or ()
    return str(scope["method"]) if scope["method"] in known else "any"


def _tell(scope: Scope, status: int, seconds: float, *, is_stream: bool) -> None:
    HTTP_REQUESTS.labels(_method(scope), _route(scope), f"{status // 100}xx").inc()
    if not is_stream:
        HTTP_SECONDS.labels("api" if scope["path"].startswith("/v1/") else "pages").observe(seconds)
    who = scope.get("state", {}).get("who")
    if who is not None or status >= 500:  # of strangers there may be any number; they are counted
        told = {"method": scope["method"], "path": scope["path"], "status": status, "seconds": round(seconds, 3)}
        log.info("request", **told, who=who)
