"""A receiver of webhooks on this machine that keeps what it gets and answers what a test tells it to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Received:
    """A request: its headers, names in lower case, and its body."""

    headers: dict[str, str]
    body: str


@dataclass
class Receiver:
    """Listens on 127.0.0.1. `statuses` are answered in turn, the last one from then on; while `silent`, nothing."""

    port: int = 0
    statuses: list[int] = field(default_factory=lambda: [204])
    answer: bytes = b""
    headers: str = ""
    silent: bool = False
    got: list[Received] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    _end: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/halosync"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request and close the connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
        body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
        self.got.append(Received(headers, body))
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            if self.silent:
                await self._end.wait()
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            length = f"Content-Length: {len(self.answer)}\r\n" if status != 204 else ""
            told = f"HTTP/1.1 {status} As told\r\nConnection: close\r\n{length}{self.headers}\r\n"
            writer.write(told.encode() + self.answer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            self.at_once -= 1
            writer.close()

    def speak(self) -> None:
        """Answer what is waiting, and everything from now on."""
        self.silent = False
        self._end.set()


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """Give a receiver that takes everything."""
    host = Receiver()
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        host.speak()
        server.close()
