"""An answer of Halo is decoded only as far as it may be long (a gzip of 0.7 MB once grew to 1.4 GB)."""

import asyncio
import gzip
import json
import resource
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from halosync.domain.retry import FailureClass
from halosync.halo.oauth import OAuthClient
from halosync.halo.read import HaloReader
from halosync.halo.transport import MOST_ANSWER_BYTES, HaloTransport
from halosync.ports.failures import HaloFailure
from halosync.ports.oauth import HaloApplication, Transient
from pydantic import SecretStr

LIST = json.dumps({"record_count": 0, "licences": []}).encode()
TOO_LONG = MOST_ANSWER_BYTES + 1
MIB = 2**20


def bomb(mebibytes: int) -> bytes:
    """Return the beginning of a gzip of more spaces than that, made without holding or squeezing them all."""
    squeeze = zlib.compressobj(9, wbits=31)

    def part() -> bytes:
        return squeeze.compress(b" " * MIB) + squeeze.flush(zlib.Z_FULL_FLUSH)

    return part() + part() * mebibytes  # after a full flush the same is squeezed to the same


@asynccontextmanager
async def server(body: bytes, *headers: str) -> AsyncIterator[str]:
    """Answer every connection's first request with `body`, and yield the server's address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", "Connection: close", *headers])
        try:
            writer.write(head.encode() + b"\r\n\r\n" + body)
            await writer.drain()
        except ConnectionError:
            pass  # whoever has read enough goes
        finally:
            writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


async def read(url: str) -> int:
    transport = HaloTransport(url + "/{tenant}", 20.0)
    try:
        return (await HaloReader(transport, 100).licences("acme", "token", 1)).record_count
    finally:
        await transport.close()


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (LIST, "identity"),
        (gzip.compress(LIST), "gzip"),
        (gzip.compress(LIST), "X-GZIP"),
        (zlib.compress(LIST), "deflate"),
    ],
    ids=["identity", "gzip", "x-gzip", "deflate"],  # a compressed body holds the time; workers must agree on names
)
async def test_an_answer_in_any_usual_encoding_is_read(body: bytes, coding: str) -> None:
    async with server(body, f"Content-Encoding: {coding}") as url:
        assert await read(url) == 0


async def test_a_body_of_the_greatest_length_is_read() -> None:
    async with server(LIST + b" " * (MOST_ANSWER_BYTES - len(LIST))) as url:
        assert await read(url) == 0


@pytest.mark.parametrize("body", [gzip.compress(LIST)[:-9], b"no gzip", b"\x1f\x8b"], ids=["half", "none", "header"])
async def test_a_broken_gzip_is_a_read_to_be_made_again(body: bytes) -> None:
    async with server(body, "Content-Encoding: gzip") as url:
        with pytest.raises(HaloFailure, match="gzip") as failed:
            await read(url)
    assert failed.value.failure is FailureClass.TRANSIENT


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip"])
async def test_an_encoding_that_was_not_asked_for_is_not_decoded(coding: str) -> None:
    async with server(gzip.compress(LIST), f"Content-Encoding: {coding}") as url:
        with pytest.raises(HaloFailure, match="which was not asked for"):
            await read(url)


@pytest.mark.parametrize(
    ("body", "headers"),
    [(bomb(400), ["Content-Encoding: gzip"]), (b" " * TOO_LONG, [])],
    ids=["gzip bomb", "long"],
)
async def test_a_longer_answer_is_a_failed_read_and_not_kept(body: bytes, headers: list[str]) -> None:
    tracemalloc.start()
    try:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        async with server(body, *headers) as url:
            with pytest.raises(HaloFailure, match="could not be understood: it is longer than 16 MiB") as failed:
                await read(url)
        assert tracemalloc.get_traced_memory()[1] < 4 * MOST_ANSWER_BYTES
        assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 5
    finally:
        tracemalloc.stop()
    assert (failed.value.failure, failed.value.status) == (FailureClass.TRANSIENT, 200)


async def test_a_long_answer_to_a_write_leaves_its_outcome_unknown() -> None:
    async with server(bomb(32), "Content-Encoding: gzip") as url:
        transport = HaloTransport(url + "/{tenant}", 20.0)
        with pytest.raises(HaloFailure) as failed:
            await transport.send("acme", "token", "POST", "/api/SoftwareLicence", content=b"[]")
        await transport.close()
    assert failed.value.failure is FailureClass.OUTCOME_UNKNOWN


async def test_a_long_answer_of_the_token_endpoint_is_no_tokens() -> None:
    async with server(bomb(2), "Content-Encoding: gzip") as url, httpx.AsyncClient() as http:
        client = OAuthClient(http, halo_url=lambda _: url, redirect_url="https://h.example/accounts/", timeout_s=20.0)
        with pytest.raises(Transient, match="answered too much: it is longer than 1 MiB"):
            await client.refresh(at=HaloApplication("acme", "id"), refresh_token=SecretStr("r"))
