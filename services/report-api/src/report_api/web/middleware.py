"""What every request passes first and every answer last: a bound on bodies, headers for browsers."""

import asyncio
import re

from fastapi import Request
from halosync.domain.listing import counted
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from report_api.web.http_layer import HttpLayer
from report_api.web.languages import speak
from report_api.web.problem_answers import respond
from report_api.web.problems import Problem, not_found

MOST_BODY_BYTES = 64 * 1024
MOST_FILE_BYTES = 4 * 1024 * 1024
"""For files of links, and for the form that applies what one of them would change: tens of thousands of rows."""

BODY_S, FILE_S = 20.0, 120.0
"""How long the body of a request, or one with a file, may take to come."""

_TAKES_FILES = re.compile(r"/portal/[^/]+/(customers|licences)/import(/apply)?")

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What an answer has unless its route says otherwise."""

_ONLY_HTTPS = "max-age=31536000"
"""For this host alone: what else the operator has below its name is not ours to decide."""


class RequestMiddleware(HttpLayer):
    """The outermost layer of the application. `https`: its public address has TLS."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        super().__init__(app)
        self._https = https

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if self._https:
                    headers["Strict-Transport-Security"] = _ONLY_HTTPS
            await send(message)

        speak(Headers(scope=scope).get("accept-language", ""))
        problem = _refusal(scope)
        if problem is not None:
            await respond(Request(scope), problem)(scope, receive, send_with_headers)
        else:
            body = _BoundedBody(receive, _most_bytes(scope), FILE_S if _takes_files(scope) else BODY_S)
            await self._app(scope, body.receive, send_with_headers)


def _refusal(scope: Scope) -> Problem | None:
    if "\0" in scope["path"]:
        return not_found()  # Postgres has no NUL in texts, so no id can have one
    length = Headers(scope=scope).get("content-length", "0")
    most = _most_bytes(scope)
    if not length.isdecimal() or int(length) > most:
        return _too_large(most)
    return None


def _most_bytes(scope: Scope) -> int:
    return MOST_FILE_BYTES if _takes_files(scope) else MOST_BODY_BYTES


def _takes_files(scope: Scope) -> bool:
    return bool(_TAKES_FILES.fullmatch(scope["path"]))


def _too_large(most: int) -> Problem:
    return Problem(413, "body_too_large", f"A body may have at most {counted(most, 'byte')}.")


def _too_slow(most_s: float) -> Problem:
    detail = f"The body did not come within {most_s:g} seconds. Send it again."
    return Problem(408, "request_timeout", detail, headers={"Connection": "close"})


class _BoundedBody:
    """Counts the bytes and the seconds of a body, also of one that did not say how long it is."""

    def __init__(self, receive: Receive, most: int, most_s: float) -> None:
        self._receive = receive
        self._most = most
        self._most_s = most_s
        self._until = asyncio.get_running_loop().time() + most_s
        self._size = 0
        self._whole = False

    async def receive(self) -> Message:
        if self._whole:  # what comes now is the end of the connection, which may take its time
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise _too_slow(self._most_s) from None
        if message["type"] == "http.request":
            self._whole = not message.get("more_body", False)
            self._size += len(message.get("body", b""))
            if self._size > self._most:
                raise _too_large(self._most)
        return message
