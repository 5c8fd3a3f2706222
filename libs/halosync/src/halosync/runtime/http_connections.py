"""The connections that an HTTP server holds: bounded in number, and in the time that a client may take.

uvicorn itself waits without an end for the rest of a request, and for a client that takes its answer slowly; without a
key, a thousand half-sent requests would use up every file handle (docs/decisions/0013). Three rules:

* A client has `REQUEST_S` to send the head of a request, `BODY_S` for all of it, `ANSWER_S` to take what waits for it.
* An address has a bound of its own, but for proxies, behind which everybody comes from one address.
* When there is no room, the connection that has kept us waiting longest makes room for the new one: half-sent requests
  never shut anybody out.
"""

import asyncio
from collections import defaultdict
from typing import Any, cast

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from halosync.observability.metrics import HTTP_CONNECTIONS_ENDED
from halosync.runtime.connection_bounds import ConnectionBounds

log = structlog.get_logger(__name__)

REQUEST_S = 15.0
"""How long a client may take for the head of a request, counted from the end of the answer before."""
BODY_S = 180.0
"""How long it may take for all of a request; report-api gives the bodies that it reads less."""
ANSWER_S = 60.0
"""How long it may leave an answer untaken."""
MOST_HEAD_BYTES = 64 * 1024
MOST_WAITING_REQUESTS = 16
"""The most requests that may wait one behind the other on a connection."""
_READ_BYTES = 64 * 1024
_SWEEP_S = 1.0
_TELL_S = 10.0


_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_HEAD_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_NO_ROOM = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"


class OpenConnections:
    """The connections of one server, those that keep us waiting in the order in which they began to."""

    def __init__(self, bounds: ConnectionBounds) -> None:
        self._bounds = bounds
        self._most = bounds.most
        self._all: set[HttpConnection] = set()
        self._waiting: dict[HttpConnection, None] = {}
        self._by_address: dict[str, dict[HttpConnection, None]] = defaultdict(dict)
        self._ended: dict[str, int] = defaultdict(int)
        self._told_at = 0.0
        self._sweep: asyncio.TimerHandle | None = None

    def admit(self, connection: "HttpConnection") -> bool:
        """Take in a new connection, at the cost of one that keeps us waiting if need be; False: there is no room."""
        own = self._by_address[connection.address]
        crowded = len(own) >= self._bounds.per_address and not self._bounds.is_proxy(connection.address)
        if crowded or len(self._all) >= self._most:
            longest = next((each for each in (own if crowded else self._waiting) if each in self._waiting), None)
            if longest is None:
                self._count("refused")
                if not own:
                    del self._by_address[connection.address]
                return False
            self._count("made room")
            self.leave(longest)
            longest.transport.abort()
        self._all.add(connection)
        self._by_address[connection.address][connection] = None
        self.waits(connection)
        if self._sweep is None:
            self._sweep = connection.loop.call_later(_SWEEP_S, self._end_the_slow, connection.loop)
        return True

    def leave(self, connection: "HttpConnection") -> None:
        """Forget a connection that has ended."""
        self._all.discard(connection)
        self._waiting.pop(connection, None)
        own = self._by_address.get(connection.address)
        if own is not None:
            own.pop(connection, None)
            if not own:
                del self._by_address[connection.address]

    def waits(self, connection: "HttpConnection") -> None:
        """Note that from now on a connection keeps us waiting for a request, or for the rest of one."""
        if connection in self._all:
            self._waiting.pop(connection, None)
            self._waiting[connection] = None
            connection.waiting_since = connection.loop.time()

    def works(self, connection: "HttpConnection") -> None:
        """Note that a request has come whole."""
        self._waiting.pop(connection, None)

    def _end_the_slow(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in tuple(self._all):
            if connection.takes_too_long(now, waiting=connection in self._waiting):
                self._count("slow")
        self._sweep = loop.call_later(_SWEEP_S, self._end_the_slow, loop) if self._all else None
        if self._ended and now - self._told_at >= _TELL_S:
            log.warning("connections of slow or too many clients were ended", open=len(self._all), **self._ended)
            self._ended.clear()
            self._told_at = now

    def _count(self, why: str) -> None:
        self._ended[why.replace(" ", "_")] += 1
        HTTP_CONNECTIONS_ENDED.labels(why).inc()


class HttpConnection(HttpToolsProtocol):
    """A connection that may be ended while it keeps us waiting.

    The parser is httptools. It refuses a request with two lengths, and closes. It reads a body of tiny chunks 40 times
    as fast as h11: 256 KiB of them would hold up all other connections there for more than half a second.
    """

    config: "ServerConfig"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request, if there is room."""
        super().connection_made(cast("asyncio.Transport", transport))
        self.address = self.client[0] if self.client else ""
        self.waiting_since = self.loop.time()
        self._untaken_since: float | None = None
        self._closing_since: float | None = None
        self._in_head, self._head_bytes = False, 0
        transport.__dict__["max_size"] = _READ_BYTES  # what is read at a time is parsed at a time, and others wait
        if not self.config.open.admit(self):
            self._answer(_NO_ROOM)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.config.open.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come; a head without an end, or requests without an end, are refused."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._head_bytes += len(data)
        if self._in_head and self._head_bytes > MOST_HEAD_BYTES:
            self._answer(_HEAD_TOO_LARGE)
        elif len(self.pipeline) > MOST_WAITING_REQUESTS:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is complete."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request has come whole. The rest of one that has been answered already starts nothing."""
        super().on_message_complete()
        if not self.cycle.response_complete:
            self.config.open.works(self)

    def on_response_complete(self) -> None:
        """A request is answered: wait for the next one, if it is not here yet."""
        super().on_response_complete()
        if self.cycle.response_complete or self.cycle.more_body:
            self.config.open.waits(self)

    def pause_writing(self) -> None:
        """The client leaves untaken what has been sent."""
        self._untaken_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client goes on taking it."""
        self._untaken_since = None
        super().resume_writing()

    def takes_too_long(self, now: float, *, waiting: bool) -> bool:
        """End the connection if the client takes too long, and tell whether it did."""
        if self.transport.is_closing():  # what is still to be sent keeps it open
            self._closing_since = self._closing_since or now
            untaken = self._closing_since
        elif self._untaken_since is not None:
            untaken = self._untaken_since
        elif waiting:
            body = self.cycle is not None and not self.cycle.response_complete
            if now - self.waiting_since <= (BODY_S if body else REQUEST_S):
                return False
            self._answer(_TOO_SLOW if self._in_head else b"")
            return True
        else:
            return False
        if now - untaken > ANSWER_S:
            self.transport.abort()
            return True
        return False

    def _answer(self, answer: bytes) -> None:
        self.transport.write(answer)
        self.transport.close()


class ServerConfig(uvicorn.Config):
    """uvicorn's settings with the connections that are open."""

    def __init__(self, app: Any, host: str, port: int, bounds: ConnectionBounds) -> None:
        super().__init__(
            app,
            host=host,
            port=port,
            http=HttpConnection,
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            forwarded_allow_ips=[str(network) for network in bounds.proxies],
            # asyncio accepts, and fails to accept, as many times in a row as there may be connections in the queue.
            backlog=256,
            timeout_graceful_shutdown=5,
        )
        self.open = OpenConnections(bounds)
