"""A TCP proxy between the processes and Halo: it tells who waits for which answer, withholds, resets and refuses."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from devstack.ports import LOOPBACK, free_port
from devstack.wait import until

_CHUNK = 65536
_METHODS = (b"GET ", b"POST ", b"DELETE ")


@dataclass(eq=False)
class Link:
    """One connection through the proxy."""

    client_port: int
    """The port of whoever asks; it tells which process that is."""
    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    asked: bytes = b""
    """The first line of the request that has no answer yet."""
    held: bool = False
    """Its request is withheld."""

    def reset(self) -> None:
        """Break it at both ends."""
        self.near.transport.abort()
        self.far.transport.abort()


class Proxy:
    """Passes everything on until it is told otherwise; `target_port` is set before the first connection.

    With `tls` it speaks TLS to whoever asks, and passes on in clear.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.port = free_port()
        self.target_port = 0
        self._server: asyncio.Server | None = None
        self._links: set[Link] = set()
        self._withhold: bytes | None = None
        self._pass_first = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self.port}"

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port, ssl=self._tls)

    async def close(self) -> None:
        """Refuse from now on, and break what there is."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Break all connections."""
        for link in list(self._links):
            link.reset()

    def waiting(self, request: str) -> list[Link]:
        """Return the connections whose request begins so (`POST /tenant/`) and has no answer yet."""
        return [link for link in self._links if link.asked.startswith(request.encode())]

    @asynccontextmanager
    async def withheld(self, request: str, *, after: int, timeout_s: float) -> AsyncIterator[Link]:
        """Let so many requests that begin so pass, and nothing of the next one; at the end its connection breaks."""
        self._withhold, self._pass_first = request.encode(), after

        async def taken() -> bool:
            return any(link.held for link in self._links)

        try:
            await until(taken, what=f"a request {request}", timeout_s=timeout_s)
            yield next(link for link in self._links if link.held)
        finally:
            self._withhold = None
            for link in [link for link in self._links if link.held]:
                link.reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self.target_port)
        except OSError:
            writer.transport.abort()
            return
        link = Link(writer.get_extra_info("peername")[1], writer, far_writer)
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask(link, reader))
                both.create_task(self._answer(link, far_reader))
        finally:
            self._links.discard(link)
            link.reset()

    async def _ask(self, link: Link, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                if chunk.startswith(_METHODS):
                    link.asked = chunk.partition(b"\r\n")[0]
                    self._hold(link, chunk)
                if not link.held:
                    link.far.write(chunk)
                    await link.far.drain()
        link.far.close()

    def _hold(self, link: Link, chunk: bytes) -> None:
        if self._withhold is None or not chunk.startswith(self._withhold):
            return
        if self._pass_first:
            self._pass_first -= 1
        else:
            self._withhold, link.held = None, True

    async def _answer(self, link: Link, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                link.asked = b""
                link.near.write(chunk)
                await link.near.drain()
        link.near.close()
