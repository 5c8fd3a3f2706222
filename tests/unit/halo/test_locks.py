"""A request looks for no module. httpcore asks for sniffio at each of its locks, and to look in vain costs 0.2 ms."""

import sys

import httpcore
import pytest

ANSWER = [b"HTTP/1.1 200 OK\r\n", b"Content-Length: 2\r\n", b"\r\n", b"{}"]


async def test_a_request_looks_for_no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_for: list[str] = []

    class Finder:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            looked_for.append(name)

    async with httpcore.AsyncConnectionPool(network_backend=httpcore.AsyncMockBackend(ANSWER)) as pool:
        await pool.request("GET", "https://acme.example/")
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    async with httpcore.AsyncConnectionPool(network_backend=httpcore.AsyncMockBackend(ANSWER)) as pool:
        await pool.request("GET", "https://acme.example/")
    assert looked_for == []
