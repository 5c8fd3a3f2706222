"""A host of `lines_url` that answers what a test tells it to, also what no proper web server would."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Answer:
    """An answer; `promised` is the length it claims to have, `endless` repeats its body, `stalls` falls silent,
    `drips` sends a byte now and then for ever."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None
    endless: bool = False
    stalls: bool = False
    drips: bool = False


@dataclass
class InvoiceHost:
    """Listens on this machine. Gives its answers in turn, the last one from then on."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    _answers: list[Answer] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/lines") -> str:
        """Return an address on this host."""
        return f"http://{self.name}{path}"

    def answers(self, *answers: Answer | bytes) -> None:
        """Say what it shall answer from now on."""
        self._answers = [answer if isinstance(answer, Answer) else Answer(answer) for answer in answers]
        self.asked.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close the connection."""
        request = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(request.split()[1].decode())
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        length = len(answer.body) if answer.promised is None else answer.promised
        headers = {"Connection": "close", **answer.headers}
        headers |= {} if answer.endless or answer.drips else {"Content-Length": str(length)}
        head = f"HTTP/1.1 {answer.status} As told\r\n" + "".join(
            f"{name}: {text}\r\n" for name, text in headers.items()
        )
        try:
            writer.write(head.encode() + b"\r\n" + answer.body)
            await writer.drain()
            if answer.stalls:
                await reader.read()  # until the other side has had enough
            while answer.drips:
                writer.write(b"\n")
                await writer.drain()
                await asyncio.sleep(0.02)
            while answer.endless:
                writer.write(answer.body)
                await writer.drain()
        except ConnectionError:
            pass  # whoever asked has had enough
        finally:
            writer.close()


@asynccontextmanager
async def running_invoice_host() -> AsyncIterator[InvoiceHost]:
    """Run a host until the end of the body."""
    host = InvoiceHost()
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    async with server:
        yield host
