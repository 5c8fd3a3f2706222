"""How much one key or person may do at once (spec section 10): what is more is refused, not queued.

Counted in this process, over all sessions of a key or person. What waited here would hold memory and connections, which
is what the limits keep free for others.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from functools import partial
from typing import cast

import structlog
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from halosync.domain.roles import Principal
from halosync.observability.metrics import REQUESTS_REFUSED
from starlette.types import Message, Receive, Scope, Send

from report_api.access.long_answer import in_turns
from report_api.ports import ports_of
from report_api.web.http_layer import HttpLayer
from report_api.web.problems import too_many_requests

log = structlog.get_logger(__name__)

_PLACES = "halosync.places"
"""Where a request's scope has the places that it holds."""
_CUT = "halosync.cut"
"""In the scope of a request whose answer must not look complete."""


class Use(StrEnum):
    """What is counted, each for itself."""

    REQUEST = "requests"
    EXPORT = "exports"
    """A whole list as a file."""
    STREAM = "streams"
    """Live events, which stay open."""


MOST = {Use.REQUEST: 8, Use.EXPORT: 2, Use.STREAM: 20}
"""At once, of one key or person (spec section 10)."""

_MEDIA = {"text/csv": Use.EXPORT, "application/pdf": Use.EXPORT, "text/event-stream": Use.STREAM}
RETRY_AFTER_S = {Use.REQUEST: 1, Use.EXPORT: 5, Use.STREAM: 5}
for _use in Use:
    REQUESTS_REFUSED.labels(_use)  # from the start, as everything that is counted


class Limits:
    """The places that are taken, by owner and use."""

    def __init__(self) -> None:
        self._taken: Counter[tuple[str, Use]] = Counter()

    @contextmanager
    def place(self, owner: str, use: Use) -> Iterator[None]:
        """Hold a place.

        Raises:
            Problem: 429, all places of the owner are taken.
        """
        key = (owner, use)
        if self._taken[key] >= MOST[use]:
            REQUESTS_REFUSED.labels(use).inc()
            raise too_many_requests(
                f"At most {MOST[use]} {use} at once are answered for one API key or person. "
                "Wait until one of them has ended, then try again.",
                RETRY_AFTER_S[use],
            )
        self._taken[key] += 1
        try:
            yield
        finally:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]  # or everybody who ever asked would be remembered


class PlacesGivenBack(HttpLayer):
    """The layer that gives back what a request holds, once its answer has been sent or it has come to nothing.

    An answer that is cut (`_cut`) has no end.
    """

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        with ExitStack() as places:
            scope[_PLACES] = places

            async def send_whole(message: Message) -> None:
                # Without its end the server closes the connection, and nobody takes what was sent for the whole file.
                if _CUT not in scope:
                    await send(message)

            await self._app(scope, receive, send_whole)


async def within_limits(
    request: Request,
    principal: Principal,
    answer: Callable[[], Awaitable[Response]],
    allowed: Callable[[], Awaitable[bool]],
) -> Response:
    """Return the answer to a request, which holds a place until it has been sent, and is made in its partner's turn.

    What kind of place, its answer says: a file and live events are sent long after the work for them was begun. A file
    ends when who asked for it is no longer `allowed`.

    Raises:
        Problem: 429, all places of the owner are taken.
    """
    request.state.who = principal.owner  # for the access log
    places = cast("ExitStack", request.scope[_PLACES])
    limits = cast("Limits", request.app.state.limits)
    owner, shares, whose = principal.owner, ports_of(request).shares, share_of(request, principal)
    # Live events are known by their address: many pages connect again at once when a process has ended.
    is_stream = request.method == "GET" and request.scope["path"].endswith("/events")
    expected = Use.STREAM if is_stream else Use.REQUEST
    with ExitStack() as working:
        working.enter_context(limits.place(owner, expected))
        async with shares.of(whose):
            response = await answer()
        media = response.headers.get("content-type", "").partition(";")[0]
        if _MEDIA.get(media, expected) is not expected:
            places.enter_context(limits.place(owner, _MEDIA[media]))
            if _MEDIA[media] is Use.EXPORT and isinstance(response, StreamingResponse):
                pieces, cut = aiter(response.body_iterator), partial(_cut, request)
                response.body_iterator = in_turns(pieces, shares, whose, allowed=allowed, cut=cut)
        else:
            places.push(working.pop_all())
    return response


def _cut(request: Request) -> None:
    log.info("a file was ended: who asked for it may not have it any more", path=request.scope["path"])
    request.scope[_CUT] = True


def share_of(request: Request, principal: Principal) -> str:
    """Return in whose share a request is answered: the partner's, but for operators, who would take it from them."""
    partner_id = request.path_params.get("partner")
    if partner_id is None or principal.is_operator or principal.role_at(partner_id) is None:
        return principal.owner
    return f"partner {partner_id}"
