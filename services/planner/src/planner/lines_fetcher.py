"""Fetching a big invoice's lines from `lines_url`: allowed hosts only, streamed to a file, bounded (spec section 6)."""

import asyncio
import tempfile
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import IO
from urllib.parse import SplitResult, urlsplit

import httpx
from halosync.contracts.invoice import InvoiceHeader
from halosync.contracts.invoice_checks import InvalidInvoiceError, identity, json_lines, whole

from planner.fetch_places import FetchPlaces
from planner.intake import in_turns
from planner.ports import FetchFailedError, LinesOf

MOST_BYTES = 1024**3
"""How large the unpacked lines may be; more is a mistake, or a bomb."""

MOST_BYTES_AT_ONCE = 2 * 1024**3
"""How large all unpacked files of a process may be together; the one that goes beyond is fetched again later."""

TIMEOUT_S = 30.0
TOTAL_TIMEOUT_S = 600.0
PACE_S = 20.0
PACE_BYTES = 160 * 1024
"""Least throughput: so many bytes must come in each `PACE_S` seconds, or the rest of the file. What comes more slowly
is given up and tried again: a host that drips would keep a place for as long as it likes."""

_LONGEST_LINE = 100_000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_GZIP_MAGIC = b"\x1f\x8b"


class LinesFetcher:
    """Fetches lines over HTTP. No redirects: they could lead to a host that is not allowed."""

    def __init__(self, http: httpx.AsyncClient, hosts: frozenset[str], pace_s: float = PACE_S) -> None:
        self._http = http
        self._hosts = hosts
        self._pace_s = pace_s
        self._places = FetchPlaces()
        self._bytes_kept: Counter[int] = Counter()

    @asynccontextmanager
    async def fetched(self, header: InvoiceHeader) -> AsyncIterator[LinesOf]:
        """Fetch the lines into a temporary file and yield what reads them from there.

        The file comes first, so that a slow host never holds a transaction open.

        Raises:
            InvalidInvoiceError: the host is not allowed, the file is too large, or it is not there.
            FetchFailedError: the host failed, or was too slow; try again.
            NoPlaceError: others are being fetched; come again.
        """
        url = header.lines_url or ""
        try:
            parts = urlsplit(url)
            _ = parts.port  # it is looked at only here: one that cannot be raises
        except ValueError as error:
            raise InvalidInvoiceError(whole(f"is no address: {error}", "lines_url"), identity(header)) from None
        names = _names_of(parts)
        if not names & self._hosts:
            raise InvalidInvoiceError(
                whole("its host is not among those in HALOSYNC_INVOICE_HOSTS", "lines_url"), identity(header)
            )
        if "@" in parts.netloc:
            raise InvalidInvoiceError(whole("must not hold a user name", "lines_url"), identity(header))
        with self._places.take(header.partner_id, max(names, key=len)), self._counted() as file:
            try:
                async with asyncio.timeout(TOTAL_TIMEOUT_S), asyncio.timeout(self._pace_s) as pace:
                    await self._download(url, file, header, pace)
            except httpx.InvalidURL as error:
                raise InvalidInvoiceError(whole(f"is no address: {error}", "lines_url"), identity(header)) from None
            except TimeoutError as error:
                raise FetchFailedError(
                    f"{_without_query(url)}: less than {PACE_BYTES} bytes came in {self._pace_s:g} s, "
                    f"or all of it took more than {TOTAL_TIMEOUT_S:g} s"
                ) from error
            except httpx.HTTPError as error:
                raise FetchFailedError(f"{_without_query(url)}: {type(error).__name__} {error}") from error
            file.seek(0)
            yield lambda checker: in_turns(checker.check(_parsed(file)))

    @contextmanager
    def _counted(self) -> Iterator[IO[bytes]]:
        """Open a temporary file whose bytes are counted among those kept."""
        with tempfile.TemporaryFile() as file:
            try:
                yield file
            finally:
                del self._bytes_kept[id(file)]

    async def _download(self, url: str, file: IO[bytes], header: InvoiceHeader, pace: asyncio.Timeout) -> None:
        async with self._http.stream(
            "GET", url, timeout=TIMEOUT_S, headers={"Accept-Encoding": "identity"}, follow_redirects=False
        ) as answer:
            if answer.status_code >= 500 or answer.status_code in {408, 425, 429}:
                raise FetchFailedError(f"{_without_query(url)} answered {answer.status_code}")
            if answer.status_code != 200:
                raise InvalidInvoiceError(
                    whole(f"the host answered {answer.status_code}", "lines_url"), identity(header)
                )
            unpack, since_pace = _Unpacker(), 0
            async for chunk in answer.aiter_raw():
                since_pace += len(chunk)
                if since_pace >= PACE_BYTES:
                    since_pace = 0
                    pace.reschedule(asyncio.get_running_loop().time() + self._pace_s)
                try:
                    for piece in unpack.feed(chunk):
                        self._bytes_kept[id(file)] += file.write(piece)
                except zlib.error as error:
                    raise InvalidInvoiceError(
                        whole(f"is no whole gzip: {error}", "lines_url"), identity(header)
                    ) from None
                if self._bytes_kept.total() > MOST_BYTES_AT_ONCE:
                    raise FetchFailedError(f"{_without_query(url)}: too much is being fetched at once")
                if file.tell() > MOST_BYTES:
                    raise InvalidInvoiceError(
                        whole(f"holds more than {MOST_BYTES} bytes", "lines_url"), identity(header)
                    )
            if not unpack.complete:
                raise FetchFailedError(f"{_without_query(url)}: the gzip ends early")


def _names_of(parts: SplitResult) -> set[str]:
    """Return the entries of `HALOSYNC_INVOICE_HOSTS` that allow an address: `host:port`; `host` if the port is usual.

    A host without a port must not open every other service that listens there.
    """
    usual = _DEFAULT_PORTS.get(parts.scheme)
    if usual is None or not parts.hostname:
        return set()
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = usual if parts.port is None else parts.port
    return {f"{host}:{port}", host} if port == usual else {f"{host}:{port}"}


def _without_query(url: str) -> str:
    """Return what may be told of an address: its query may be a signature that opens the file."""
    return url.partition("?")[0].partition("#")[0]


class _Unpacker:
    """Unpacks gzip, also several members, in bounded pieces; passes anything else through."""

    def __init__(self) -> None:
        self._started = False
        self._gzip: zlib._Decompress | None = None
        self._head = b""
        self.complete = True

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        if not self._started:
            self._head += chunk
            self.complete = not _GZIP_MAGIC.startswith(self._head)  # one byte can be all there is, or half the magic
            if not self.complete and self._head != _GZIP_MAGIC:
                return
            self._started = True
            chunk, self._head = self._head, b""
            if chunk.startswith(_GZIP_MAGIC):
                self._gzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
        if self._gzip is None:
            yield chunk
            return
        while chunk:
            yield self._gzip.decompress(chunk, 1 << 20)
            chunk = self._gzip.unconsumed_tail
            if self._gzip.eof:
                chunk = self._gzip.unused_data
                if chunk:
                    self._gzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self.complete = self._gzip.eof


def _parsed(file: IO[bytes]) -> Iterator[object]:
    return json_lines(iter(lambda: file.readline(_LONGEST_LINE), b""))
