"""The connection of HTTP below the answer: closing, resetting, breaking off in the middle."""

import asyncio
import socket
import struct
from typing import cast

from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from halo_sandbox.exchange import Answer

_LINGER_0 = struct.pack("ii", 1, 0)
"""SO_LINGER on with no time: the kernel answers with RST and forgets what was not sent."""


class BreakableProtocol(H11Protocol):
    """Uvicorn's HTTP protocol, which also hands the application its transport as `scope["state"]["transport"]`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, dict(app_state), _loop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for the requests to come."""
        # A stream server's transport is always one of streams, which asyncio's own signature does not say.
        super().connection_made(cast("asyncio.Transport", transport))
        # asyncio does this only where it made the socket itself; without it each answer waits 40 ms for an ACK.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state["transport"] = transport


class HttpConnection:
    """What a request came in on: it carries one answer, or is broken."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send

    async def answer(self, answer: Answer) -> None:
        """Send a whole answer."""
        await self._start(answer)
        await self._send({"type": "http.response.body", "body": answer.body})

    async def half(self, answer: Answer) -> None:
        """Promise the whole length, send half of it and close."""
        await self._start(answer)
        part = answer.body[: len(answer.body) // 2]
        await self._send({"type": "http.response.body", "body": part, "more_body": True})
        await self.close()

    async def close(self) -> None:
        """Close without (more of) an answer: the client meets the end of the stream."""
        self._transport().close()
        await self._gone()

    async def reset(self) -> None:
        """Reset without an answer: the client meets "connection reset by peer"."""
        transport = self._transport()
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        transport.abort()
        await self._gone()

    async def _start(self, answer: Answer) -> None:
        headers = {"content-type": answer.content_type, "content-length": str(len(answer.body)), **answer.headers}
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": raw})

    async def _gone(self) -> None:
        # Uvicorn answers 500 for an application that returns early, unless it knows that the client is gone.
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _transport(self) -> asyncio.Transport:
        transport = self._scope["state"]["transport"]
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("serve the sandbox by halo_sandbox.server.uvicorn_config: faults need BreakableProtocol")
        return transport
