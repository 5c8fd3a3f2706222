"""RabbitMQ in a container, where a Docker engine answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from devstack.errors import CommandFailedError
from devstack.ports import free_port
from devstack.rabbitmq_management import MANAGEMENT_PORT, Management
from devstack.wait import until

IMAGE = "rabbitmq:4-management"
_AMQP_PORT = 5672
_START_TIMEOUT_S = 120.0


class RabbitContainer:
    """One node in a container; it keeps its ports and its files when it is restarted."""

    def __init__(self, container: DockerContainer | None = None) -> None:
        self._amqp_port, self._management_port = free_port(), free_port()
        # Ports that we choose: those that Docker chooses are others after a restart.
        self._container = (
            (container or DockerContainer(IMAGE))
            .with_bind_ports(_AMQP_PORT, self._amqp_port)
            .with_bind_ports(MANAGEMENT_PORT, self._management_port)
            # `guest` may come from inside the container only, unless it is told otherwise.
            .with_env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-rabbit loopback_users []")
        )
        self._host = "127.0.0.1"
        self._started = False

    @property
    def url(self) -> str:
        """AMQP URL of the virtual host `/`."""
        return f"amqp://guest:guest@{self._host}:{self._amqp_port}/%2F"

    @property
    def management(self) -> Management:
        """Its management API."""
        return Management(self.url, f"http://{self._host}:{self._management_port}")

    async def start(self) -> None:
        """Run the container until the management API answers; the first time on a machine the image is fetched."""
        if self._started:
            await asyncio.to_thread(self._container.get_wrapped_container().start)
        else:
            await asyncio.to_thread(self._container.start)
            self._host = self._container.get_container_host_ip()
            self._started = True
        await until(self.management.answers, what="RabbitMQ getting ready in its container", timeout_s=_START_TIMEOUT_S)

    async def kill(self) -> None:
        """End the node at once; the container and its files stay."""
        wrapped = self._container.get_wrapped_container()
        await asyncio.to_thread(wrapped.reload)
        if wrapped.status == "running":
            await asyncio.to_thread(wrapped.kill)

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Stop the container while the body runs: to others, a broker that hangs."""
        wrapped = self._container.get_wrapped_container()
        await asyncio.to_thread(wrapped.pause)
        try:
            yield
        finally:
            await asyncio.to_thread(wrapped.unpause)

    async def close(self) -> None:
        """Remove the container and its files."""
        if self._started:
            await asyncio.to_thread(self._container.stop)

    async def evaluate(self, expressions: str) -> str:
        """Evaluate Erlang in the node and return what it gives."""
        return await self.ctl("eval", expressions)

    async def ctl(self, *arguments: str) -> str:
        """Run `rabbitmqctl` in the container and return what it prints."""
        answer = await asyncio.to_thread(self._container.exec, ["rabbitmqctl", "--quiet", *arguments])
        said = answer.output.decode(errors="replace")
        if answer.exit_code != 0:
            raise CommandFailedError(f"rabbitmqctl {' '.join(arguments)} ended with {answer.exit_code}: {said}")
        return said


def docker_answers() -> bool:
    """Tell whether a Docker engine can be reached from here."""
    try:
        return bool(DockerClient().client.ping())
    except Exception:  # noqa: BLE001 - the client raises whatever its transport raises; each means: not here
        return False
