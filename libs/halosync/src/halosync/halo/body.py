"""The body of an answer, decoded only as far as it may be long.

A body of 0.7 MB can be the gzip of 1.4 GB. httpx decodes what arrives as it comes, and by the time that anybody could
count, it is in memory; so this asks for gzip only, and decodes it in bounded steps.
"""

import zlib

import httpx

ACCEPT_ENCODING = {"Accept-Encoding": "gzip"}
"""What goes with a request whose answer `bounded` reads."""

_ANY_HEADER = zlib.MAX_WBITS | 32
"""Of gzip or of zlib, whichever comes."""


class BodyTooLargeError(ValueError):
    """The body of an answer is longer than it may be; what is left of it was not read."""

    def __init__(self, most: int) -> None:
        super().__init__(f"it is longer than {most // 2**20} MiB")


async def bounded(response: httpx.Response, most: int) -> httpx.Response:
    """Read the body of a streamed response and return it as a response of its own, with its body decoded.

    Args:
        response: the answer; its request has `ACCEPT_ENCODING`.
        most: the longest body, in bytes; a length that is announced is not needed to find out.

    Raises:
        BodyTooLargeError: the body is longer; it is not kept, and no more of it is read.
        httpx.DecodingError: the body has another encoding than gzip, or is broken.
        httpx.RequestError: the connection broke.
    """
    if response.is_stream_consumed:  # it never was on a network
        content = response.content
        if len(content) > most:
            raise BodyTooLargeError(most)
    else:
        content = await _decoded(response, most)
    kept = [(name, value) for name, value in response.headers.raw if name.lower() not in _OF_THE_STREAM]
    return httpx.Response(response.status_code, headers=kept, content=content)


_OF_THE_STREAM = {b"content-encoding", b"content-length", b"transfer-encoding"}


async def _decoded(response: httpx.Response, most: int) -> bytes:
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"identity", "gzip", "x-gzip", "deflate"}:
        raise httpx.DecodingError(f"the answer has the encoding {coding[:40]!r}, which was not asked for")
    inflate = None if coding == "identity" else zlib.decompressobj(_ANY_HEADER)
    content, received = bytearray(), False
    async for chunk in response.aiter_raw():
        received = True
        if inflate is None:
            content += chunk
        else:
            try:
                content += inflate.decompress(chunk, most + 1 - len(content))
            except zlib.error as error:
                raise httpx.DecodingError(f"the answer's gzip is broken: {error}") from None
        if len(content) > most:
            raise BodyTooLargeError(most)
    if inflate is not None and received and not inflate.eof:
        raise httpx.DecodingError("the answer's gzip ends in the middle")
    return bytes(content)
