"""Hosts that a partner names: reached at public addresses only, at those that were looked at."""

from collections.abc import Sequence
from ipaddress import ip_address

import httpcore
import httpx
import pytest
from halosync.halo.public_network import Address, PublicBackend, PublicTransport, is_public, mounts, resolve
from halosync.halo.transport import LIMITS, HaloTransport

PUBLIC, OTHER = "93.184.215.14", "2606:2800:21f::1"
PRIVATE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1"),
    *("::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:93.184.215.14"),
    *("64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::"),
    # Addresses that the standard library takes for public ones.
    *("::10.0.0.1", "::127.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b:1::a00:1", "fec0::1", "5f00::1", "3fff::1", "4000::1"),
    *("192.0.0.8", "192.88.99.1"),
]


class Network(httpcore.AsyncMockBackend):
    """Notes where connections go; `down` are addresses that do not answer."""

    def __init__(self, answers: Sequence[Sequence[str]], down: Sequence[str] = ()) -> None:
        body = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        super().__init__([body])
        self.connected: list[str] = []
        self.answers = iter(answers)
        self.down = down

    async def resolve(self, _host: str, _port: int) -> Sequence[Address]:
        return [ip_address(text) for text in next(self.answers)]

    async def connect_tcp(self, host: str, port: int, *rest: object, **named: object) -> httpcore.AsyncNetworkStream:
        del rest, named
        self.connected.append(host)
        if host in self.down:
            raise httpcore.ConnectError("refused")
        return await super().connect_tcp(host, port)


def reached(network: Network) -> httpx.AsyncClient:
    backend = PublicBackend(network, network.resolve)
    return httpx.AsyncClient(transport=PublicTransport(httpx.Limits(max_keepalive_connections=0), backend))


@pytest.mark.parametrize("text", PRIVATE)
async def test_an_address_that_is_not_public_is_not_connected_to(text: str) -> None:
    assert not is_public(ip_address(text))
    network = Network([[PUBLIC, text]])
    async with reached(network) as http:
        with pytest.raises(httpx.ConnectError, match="not public"):
            await http.get("https://psa.msp.example/")
    assert network.connected == []


async def test_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    network = Network([[PUBLIC, OTHER]])
    async with reached(network) as http:
        assert (await http.get("https://psa.msp.example/")).status_code == 200
    assert network.connected == [PUBLIC]


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    network = Network([[PUBLIC, OTHER]], down=[PUBLIC])
    async with reached(network) as http:
        assert (await http.get("https://psa.msp.example/")).status_code == 200
    assert network.connected == [PUBLIC, OTHER]
    network = Network([[PUBLIC, OTHER]], down=[PUBLIC, OTHER])
    async with reached(network) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("https://psa.msp.example/")


async def test_a_name_that_leads_elsewhere_the_second_time_is_found_out() -> None:
    network = Network([[PUBLIC], ["127.0.0.1"], []])
    async with reached(network) as http:
        await http.get("https://psa.msp.example/")
        for _ in range(2):
            with pytest.raises(httpx.ConnectError):
                await http.get("https://psa.msp.example/")
    assert network.connected == [PUBLIC]


async def test_names_are_really_resolved() -> None:
    assert ip_address("127.0.0.1") in await resolve("localhost", 443)
    with pytest.raises(httpcore.ConnectError):
        await PublicBackend().connect_tcp("localhost", 443)
    with pytest.raises(httpcore.ConnectError, match="cannot be resolved"):
        await PublicBackend().connect_tcp("no-such-host.invalid", 443, timeout=5)


async def test_only_hosts_of_partners_are_reached_this_way() -> None:
    assert mounts((), LIMITS) == {}
    async with httpx.AsyncClient(mounts=mounts(["psa.msp.example", "*.msp.test"], LIMITS)) as http:
        for url, checked in [
            ("https://psa.msp.example/api", True),
            ("https://a.msp.test/api", True),
            ("https://acme.halopsa.com/api", False),
            ("http://127.0.0.1:9/acme/api", False),
        ]:
            assert isinstance(http._transport_for_url(httpx.URL(url)), PublicTransport) is checked, url
    transport = HaloTransport("https://{tenant}.halopsa.com", 1.0)
    await transport.close()
