"""RabbitMQ: the one that is given, or one of our own; virtual hosts and the faults that tests need."""

import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol
from urllib.parse import unquote, urlsplit

from devstack.debian import install_rabbitmq
from devstack.errors import NotInstalledError, NotOursError
from devstack.rabbitmq_choice import AMQP_URL_VARIABLE, THIS_MACHINE, Machine, Source, find_rabbitmq
from devstack.rabbitmq_container import RabbitContainer
from devstack.rabbitmq_management import Management
from devstack.rabbitmq_node import RabbitNode
from devstack.state import StateFolder, state_folder

MANAGEMENT_URL_VARIABLE = "HALOSYNC_DEVSTACK_AMQP_MANAGEMENT_URL"

# What `rabbitmqctl` calls too, without an Erlang machine to call it. Who ended meanwhile is as good as closed.
_CLOSE = '[catch rabbit_networking:close_connection(Pid, <<"{reason}">>) || Pid <- rabbit_networking:connections()].'
_CLOSE_USER = 'rabbit_networking:close_all_user_connections(<<"{user}">>, <<"{reason}">>).'
_WATERMARK = "vm_memory_monitor:set_vm_memory_high_watermark({fraction})."


class OwnBroker(Protocol):
    """A server that we start: a private node or a container."""

    @property
    def url(self) -> str:
        """AMQP URL of its virtual host `/`."""

    @property
    def management(self) -> Management:
        """Its management API."""

    async def start(self) -> None:
        """Run it until it answers."""

    async def kill(self) -> None:
        """End it at once; its files stay."""

    async def close(self) -> None:
        """End it for good."""

    async def ctl(self, *arguments: str) -> str:
        """Run `rabbitmqctl` (a second or two)."""

    async def evaluate(self, expressions: str) -> str:
        """Evaluate Erlang in the node (milliseconds) and return what it gives.

        Raises:
            CommandFailedError: it fails; the message has what the node said.
        """

    def paused(self) -> AbstractAsyncContextManager[None]:
        """Stop it while the body runs."""


class RabbitServer:
    """A running server and an account on it that may create virtual hosts.

    Attributes:
        url: AMQP URL, with the virtual host that was given or `/`.
    """

    def __init__(self, url: str, management: Management, own: OwnBroker | None = None) -> None:
        self.url = url
        self._management = management
        self._own = own

    @property
    def management_url(self) -> str:
        """Where its management API is."""
        return self._management.url

    async def create_vhost(self, name: str) -> str:
        """Create a virtual host (milliseconds) and return its AMQP URL; one that is there is left as it is.

        Raises:
            DevstackError: the management API does not answer or refuses.
        """
        return await self._management.create_vhost(name)

    async def delete_vhost(self, name: str) -> None:
        """Delete a virtual host, its queues and its connections, if it is there."""
        await self._management.delete_vhost(name)

    async def kill(self) -> None:
        """End the server as a crash does. Raises NotOursError, like all that follow, if it was given by URL."""
        await self._ours().kill()

    async def restart(self) -> None:
        """Start the server again, on the same ports and with the same files; one that runs is killed first."""
        await self._ours().kill()
        await self._ours().start()

    async def close_all_connections(self, reason: str = "closed by a test") -> None:
        """Have the server close every connection, in all virtual hosts; clients see a CONNECTION_FORCED."""
        await self._ours().evaluate(_CLOSE.format(reason=reason))

    async def take_permission(self, amqp_url: str, user: str, reason: str) -> None:
        """Take from a user every permission on the virtual host of an address, and close its connections."""
        await self._management.take_permission(unquote(urlsplit(amqp_url).path[1:]), user)
        await self._ours().evaluate(_CLOSE_USER.format(user=user, reason=reason))

    async def set_memory_watermark(self, fraction: float) -> None:
        """Set the share of memory above which publishers are blocked; 0 blocks them at once, 0.4 is usual."""
        await self._ours().evaluate(_WATERMARK.format(fraction=float(fraction)))

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Stop the server while the body runs, then let it go on: connections stand, and nothing answers."""
        async with self._ours().paused():
            yield

    async def version(self) -> str:
        """Return the server's version, such as `3.10.8`."""
        return await self._management.version()

    def _ours(self) -> OwnBroker:
        if self._own is None:
            raise NotOursError(f"RabbitMQ was given by URL and is not ours to control; unset {AMQP_URL_VARIABLE}.")
        return self._own


@asynccontextmanager
async def rabbitmq(
    url: str | None, *, state: StateFolder | None = None, machine: Machine = THIS_MACHINE
) -> AsyncIterator[RabbitServer]:
    """Give the server at `url`, or else one of our own that ends with the body.

    Args:
        url: a server that runs, with its management API at `HALOSYNC_DEVSTACK_AMQP_MANAGEMENT_URL` or on port 15672.
        state: where a private node keeps its files; by default a temporary folder of its own.
        machine: what the machine has to offer.

    Raises:
        NotInstalledError: no URL, no RabbitMQ, no Docker engine, and packages cannot be installed here.
        DevstackError: it does not start; the message has the end of its log.
    """
    if url is not None:
        yield RabbitServer(url, Management(url, os.environ.get(MANAGEMENT_URL_VARIABLE)))
    elif state is None:
        with state_folder() as temporary:
            async with rabbitmq(None, state=temporary, machine=machine) as server:
                yield server
    else:
        own = await _own_broker(state, machine)
        try:
            await own.start()
            yield RabbitServer(own.url, own.management, own)
        finally:
            await own.close()


async def _own_broker(state: StateFolder, machine: Machine) -> OwnBroker:
    source = find_rabbitmq(None, machine)
    if source is Source.CONTAINER:
        return RabbitContainer()
    root = machine.root()
    if root is not None:
        root.check()
        return RabbitNode(root.scripts, state, root)
    if source is Source.DEBIAN_PACKAGE:
        await install_rabbitmq()
    scripts = machine.scripts()
    if scripts is None:
        raise NotInstalledError("The package rabbitmq-server was installed, but its programs are not where expected.")
    return RabbitNode(scripts, state)
