"""RabbitMQ comes up, keeps its promises over a kill, and leaves nothing behind, the port mapper included."""

import asyncio
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import aio_pika
import pytest
from devstack.errors import CommandFailedError, DevstackError, NotOursError
from devstack.ports import free_port
from devstack.process_tree import TrackedProcess, listeners, listening_ports
from devstack.rabbitmq import RabbitServer, rabbitmq
from devstack.rabbitmq_management import Management
from devstack.rabbitmq_node import installed_scripts
from devstack.servers import fresh_name
from devstack.state import StateFolder
from devstack.wait import until
from pamqp.common import FieldTable

from tests.integration.child_processes import begun_since, own_children

pytestmark = pytest.mark.integration


async def test_virtual_hosts_are_apart(rabbit_server: RabbitServer, amqp_url: str) -> None:
    name = fresh_name("other")
    other_url = await rabbit_server.create_vhost(name)
    async with await aio_pika.connect(amqp_url) as one, await aio_pika.connect(other_url) as other:
        await (await one.channel()).declare_queue("mine", durable=True)
        with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
            await (await other.channel()).declare_queue("mine", passive=True)
    await rabbit_server.delete_vhost(name)
    await rabbit_server.delete_vhost(name)  # once more is no error


async def test_a_confirmed_message_survives_a_kill(rabbit_server: RabbitServer, amqp_url: str) -> None:
    quorum: FieldTable = {"x-queue-type": "quorum"}
    connection = await aio_pika.connect(amqp_url)
    channel = await connection.channel()
    await channel.declare_queue("kept", durable=True, arguments=quorum)
    message = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(message, routing_key="kept")
    await rabbit_server.kill()
    await rabbit_server.restart()
    async with await aio_pika.connect(amqp_url) as again:
        queue = await (await again.channel()).declare_queue("kept", durable=True, arguments=quorum)
        received = await queue.get(timeout=10)
        assert received.body == b"kept"
        await received.ack()


async def test_all_connections_are_closed_on_demand(rabbit_server: RabbitServer, amqp_url: str) -> None:
    connection = await aio_pika.connect(amqp_url)
    await rabbit_server.close_all_connections("because")

    async def refused() -> bool:
        try:
            await connection.channel()
        except (aio_pika.exceptions.AMQPError, RuntimeError):
            return True
        return False

    await until(refused, what="the end of the connection", timeout_s=10)


async def test_the_memory_watermark_blocks_publishers(rabbit_server: RabbitServer, amqp_url: str) -> None:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        await rabbit_server.set_memory_watermark(0)
        try:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(_publish_without_end(channel), timeout=3)
        finally:
            await rabbit_server.set_memory_watermark(0.4)


@pytest.mark.skipif(installed_scripts() is None, reason="rabbitmq-server is not installed here")
async def test_a_private_node_leaves_nothing_behind_when_the_body_raises() -> None:
    before = own_children()
    started: list[TrackedProcess] = []
    ports: list[int] = []

    async def fail_while_it_runs(state: StateFolder) -> None:
        async with rabbitmq(None, state=state) as server:
            started.extend(begun_since(before))
            ports.extend(port for member in started for port in listening_ports(member.pid))
            assert urlsplit(server.url).port in ports
            assert len(ports) == 4  # AMQP, management, distribution, and the port mapper's
            raise ZeroDivisionError

    with tempfile.TemporaryDirectory() as folder, pytest.raises(ZeroDivisionError):
        await fail_while_it_runs(StateFolder(Path(folder)))
    assert listeners(ports) == []
    assert not [member for member in started if member.lives()]


async def test_a_given_server_is_used_and_is_not_ours_to_kill(amqp_url: str) -> None:
    async with rabbitmq(amqp_url) as given:
        assert given.url == amqp_url
        with pytest.raises(NotOursError, match="HALOSYNC_DEVSTACK_AMQP_URL"):
            await given.kill()


async def test_a_given_server_without_management_says_what_to_do() -> None:
    nobody = Management("amqp://guest:guest@127.0.0.1:1/%2F", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(DevstackError, match="HALOSYNC_DEVSTACK_AMQP_MANAGEMENT_URL"):
        await RabbitServer("amqp://", nobody).create_vhost("any")


async def _publish_without_end(channel: aio_pika.abc.AbstractChannel) -> None:
    # More than once: the server blocks a connection only when it publishes next.
    while True:
        await channel.default_exchange.publish(aio_pika.Message(b""), routing_key="nowhere")


async def test_a_paused_server_answers_nothing_until_it_goes_on(rabbit_server: RabbitServer, amqp_url: str) -> None:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        async with rabbit_server.paused():
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(_publish_without_end(channel), timeout=3)
    async with await aio_pika.connect(amqp_url) as again:
        await (await again.channel()).declare_queue(exclusive=True)


async def test_the_version_is_a_number(rabbit_server: RabbitServer) -> None:
    assert [part.isdigit() for part in (await rabbit_server.version()).split(".")] == [True] * 3


async def test_erlang_is_evaluated_in_the_node(rabbit_server: RabbitServer) -> None:
    assert await rabbit_server._ours().evaluate("1 + 1.") == "2"
    with pytest.raises(CommandFailedError, match="too_bad"):
        await rabbit_server._ours().evaluate("erlang:error(too_bad).")
