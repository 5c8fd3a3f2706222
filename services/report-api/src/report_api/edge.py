"""What every request passes first and every answer last: a bound on bodies, headers for browsers."""

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from report_api.problems import Problem, not_found, respond

MOST_BODY_BYTES = 64 * 1024

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What an answer has unless its route says otherwise."""


class Edge:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        problem = _refusal(scope)
        if problem is not None:
            await respond(Request(scope), problem)(scope, receive, send_with_headers)
        else:
            await self._app(scope, _Bounded(receive).receive, send_with_headers)


def _refusal(scope: Scope) -> Problem | None:
    if "\0" in scope["path"]:
        return not_found()  # Postgres has no NUL in texts, so no id can have one
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isdecimal() or int(length) > MOST_BODY_BYTES:
        return _too_large()
    return None


def _too_large() -> Problem:
    return Problem(413, "body_too_large", f"A body may have at most {MOST_BODY_BYTES} bytes.")


class _Bounded:
    """Counts a body that comes in chunks and did not say how long it is."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            if self._size > MOST_BODY_BYTES:
                raise _too_large()
        return message
