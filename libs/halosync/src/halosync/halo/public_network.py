"""Connections to hosts that a partner names: to public addresses only (spec section 9).

A name that is checked and resolved again could lead elsewhere the second time, into our own network. So every
connection resolves the name, looks at each address, and connects to one of these; the certificate is still that of the
name.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpcore
import httpx

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
SocketOptions = Iterable[tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]]

_UNICAST = IPv6Network("2000::/3")
"""All that IANA has given to the internet. What is outside leads into one's own network, if anywhere: old
site-local addresses, local translation to IPv4 (64:ff9b:1::/48), IPv4 addresses in IPv6 (::10.0.0.1,
::ffff:0:10.0.0.1)."""
_FOR_BOOKS = IPv6Network("3fff::/20")
_SPECIAL = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
"""Of protocols; the standard library knows some of them, by its version."""


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public internet, and stands for no other."""
    if isinstance(address, IPv6Address):
        stands_for_another = address.sixtofour or address.teredo
        special = stands_for_another or address not in _UNICAST or address in _FOR_BOOKS
    else:
        special = any(address in network for network in _SPECIAL)
    return not special and address.is_global and not address.is_multicast


async def resolve(host: str, port: int) -> Sequence[Address]:
    """Return every address of a name, in the order in which they should be tried."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(str(at[0]).partition("%")[0]) for *_, at in found]


class PublicBackend(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend | None = None, resolve: Resolve = resolve) -> None:
        self._inner = inner or httpcore.AnyIOBackend()
        self._resolve = resolve

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the base class has it so
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to an address of the host, if all of them are public.

        Raises:
            httpcore.ConnectError: the name has no address or one that is not public, or none of them answers.
            httpcore.ConnectTimeout: it took longer than `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"the name {host} was not resolved in time") from None
        except OSError as error:
            raise httpcore.ConnectError(f"the name {host} cannot be resolved: {error.strerror}") from None
        if not addresses or not all(map(is_public, addresses)):
            raise httpcore.ConnectError(f"{host} has an address that is not public")
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(host)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._inner.sleep(seconds)


class PublicTransport(httpx.AsyncHTTPTransport):
    """Carries requests over `PublicBackend`; without the environment's proxies, which would connect for us."""

    def __init__(self, limits: httpx.Limits, backend: httpcore.AsyncNetworkBackend | None = None) -> None:
        context = httpx.create_ssl_context()
        super().__init__(verify=context, trust_env=False, limits=limits)
        # httpx has no argument for it; the pool is httpcore's own, which has one.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=backend or PublicBackend(),
        )


def mounts(custom_hosts: Iterable[str], limits: httpx.Limits) -> dict[str, httpx.AsyncBaseTransport]:
    """Return what an httpx client needs so that it reaches these hosts (patterns of `HaloHosts`) in no other way."""
    patterns = list(custom_hosts)
    if not patterns:
        return {}
    transport = PublicTransport(limits)
    return {f"https://{pattern}": transport for pattern in patterns}
