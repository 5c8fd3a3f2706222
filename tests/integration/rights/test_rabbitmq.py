"""Who may do what in RabbitMQ: a table of cells, the forbidden ones included, on a server of the real kind."""

from collections.abc import AsyncIterator, Iterator
from unittest.mock import Mock

import aio_pika
import pytest
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed
from devstack.accounts import USERS, signed_in
from devstack.rabbitmq import RabbitServer
from devstack.servers import fresh_name
from faststream.rabbit import RabbitBroker
from halosync.domain.accounts import Account
from halosync.domain.delivery import DeliveryRules, Ending, Outage, Unprocessable
from halosync.messaging.administration import BrokerRefusedError, prepare
from halosync.messaging.connection import connect_options
from halosync.messaging.declaring import MissingTopologyError
from halosync.messaging.delivery import MOST_COPIED_BYTES, Deliveries
from halosync.messaging.publisher import Publisher
from halosync.messaging.rights import own_queue
from halosync.messaging.topology import (
    DEAD,
    DEAD_ONCE,
    EVENTS,
    INVOICES,
    KEPT_DEAD_LETTERS,
    QUEUES,
    READY,
    REPLIES,
    TOKEN_REQUEST,
    WORK,
    delay_exchange,
)
from halosync.runtime.checks import topology_check

pytestmark = pytest.mark.integration

DELAYS_S = (0.05,)
AUTH, PLANNER, WRITER, REPORT_API, OPERATOR, INVOICE_SYSTEM = Account
SERVICES = {AUTH, PLANNER, WRITER, REPORT_API}
TIER = delay_exchange(DELAYS_S[0]).name

PUBLISH: dict[tuple[str, str], set[Account]] = {
    # (exchange, routing key): those who may publish so; nobody else may.
    (INVOICES.name, "invoice.ready.v1"): {OPERATOR, INVOICE_SYSTEM},
    (INVOICES.name, "something.else.v1"): set(),
    (EVENTS.name, "run.finished.v1"): SERVICES,
    (EVENTS.name, "made.up.v1"): set(),
    (WORK.name, "token.request.v1"): {PLANNER, WRITER},
    (WORK.name, "connection.begin.v1"): {REPORT_API},
    (WORK.name, "connection.complete.v1"): {REPORT_API},
    (WORK.name, "connection.end.v1"): {REPORT_API, OPERATOR},
    (WORK.name, "connection.test.v1"): {REPORT_API, OPERATOR},
    (WORK.name, "run.requested.v1"): SERVICES,
    (WORK.name, "licence.actions.v1"): SERVICES,
    (WORK.name, "halo.refresh.requested.v1"): SERVICES,
    (WORK.name, "made.up.v1"): set(),
    (READY.name, "auth.token-request.v1"): {OPERATOR},
    (DEAD.name, "any"): {AUTH, PLANNER, WRITER},
    (DEAD_ONCE.name, "any"): {AUTH, PLANNER, WRITER},
    (TIER, "planner.invoice-ready.v1"): {PLANNER, WRITER},
    (REPLIES.name, "halosync.replies.planner.guessed"): SERVICES,
    # The default exchange reaches every queue there is.
    ("", "auth.token-request.v1"): set(),
    ("", "planner.invoice-ready.v1"): set(),
    ("", "halo-writer.licence-actions.v1"): set(),
}


@pytest.fixture(scope="module")
async def vhost(rabbit_server: RabbitServer) -> AsyncIterator[str]:
    """A virtual host as `halosync migrate` leaves it; these tests put nothing into it that lasts."""
    name = fresh_name("rights")
    url = await rabbit_server.create_vhost(name)
    prepared = await prepare(url, rabbit_server.management_url, USERS, DELAYS_S)
    assert list(prepared.users) == [USERS.name(account) for account in Account]
    yield url
    await rabbit_server.delete_vhost(name)


@pytest.fixture(scope="module")
async def connections(vhost: str) -> AsyncIterator[dict[Account, AbstractConnection]]:
    """A connection of each account."""
    opened: dict[Account, AbstractConnection] = {
        account: await aio_pika.connect(signed_in(vhost, account)) for account in Account
    }
    yield opened
    for connection in opened.values():
        await connection.close()


async def may_publish(connection: AbstractConnection, exchange: str, key: str, user_id: str | None = None) -> bool:
    async with connection.channel() as channel:
        try:
            target = channel.default_exchange if not exchange else await channel.get_exchange(exchange)
            await target.publish(aio_pika.Message(b"{}", user_id=user_id), key, mandatory=False, timeout=10)
        except (ChannelAccessRefused, ChannelPreconditionFailed):
            return False
    return True


async def ignore(_message: AbstractIncomingMessage) -> None:
    """Take nothing: it goes back when its channel closes."""


async def may_consume(connection: AbstractConnection, queue: str) -> bool:
    async with connection.channel() as channel:
        try:
            await channel.set_qos(prefetch_count=1)
            source = await channel.get_queue(queue)
            tag = await source.consume(ignore)
            await source.cancel(tag)
        except ChannelAccessRefused:
            return False
    return True


@pytest.mark.parametrize(("exchange", "key"), PUBLISH)
async def test_who_may_publish(connections: dict[Account, AbstractConnection], exchange: str, key: str) -> None:
    found = {account for account, link in connections.items() if await may_publish(link, exchange, key)}
    assert found == PUBLISH[exchange, key]


def everything() -> Iterator[tuple[str, set[Account]]]:
    for queue in QUEUES:
        yield queue.name, {Account(queue.worker)}
    yield KEPT_DEAD_LETTERS.name, set()
    yield f"{TIER}.v1", set()


@pytest.mark.parametrize(("queue", "workers"), list(everything()))
async def test_who_may_consume(
    connections: dict[Account, AbstractConnection], queue: str, workers: set[Account]
) -> None:
    assert {account for account, link in connections.items() if await may_consume(link, queue)} == workers


@pytest.mark.parametrize("account", [PLANNER, WRITER])
@pytest.mark.parametrize(
    ("ending", "size"), [(Outage(), 2), (Unprocessable("wrong"), 2), (Unprocessable("wrong"), MOST_COPIED_BYTES + 1)]
)
async def test_whatever_follows_from_a_delivery_is_a_right_of_who_works_on_it(
    vhost: str, account: Account, ending: Ending, size: int
) -> None:
    """A dead letter that may not be published would come back for a day, and then say that its worker died on it."""
    raw = Mock(type="odd.v1", channel=Mock(is_closed=True))
    async with Publisher(signed_in(vhost, account), account) as publisher:
        deliveries = Deliveries(publisher, DeliveryRules(DELAYS_S, DELAYS_S, 3))
        await deliveries.conclude(ending, Mock(body=b" " * size, headers={}, raw_message=raw), "somewhere")


def test_only_auth_works_on_requests_to_auth() -> None:
    assert {queue.worker for queue in QUEUES if queue.name.startswith("auth.")} == {"auth"}


@pytest.mark.parametrize("account", Account)
async def test_nobody_declares_or_deletes_or_binds_what_is_not_its_own(
    connections: dict[Account, AbstractConnection], account: Account
) -> None:
    async def refused(what: str) -> bool:
        async with connections[account].channel() as channel:
            try:
                match what:
                    case "declare a queue":
                        await channel.declare_queue("mine")
                    case "declare an exchange":
                        await channel.declare_exchange("mine")
                    case "delete a queue":
                        await channel.queue_delete(KEPT_DEAD_LETTERS.name)
                    case "listen to replies":
                        queue = await channel.declare_queue(own_queue(other), exclusive=True)
                        await queue.bind(REPLIES.name, "guessed")
                    case "listen to work":
                        queue = await channel.declare_queue(own_queue(account), exclusive=True)
                        await queue.bind(WORK.name, "token.request.v1")
            except ChannelAccessRefused:
                return True
        return False

    other = WRITER if account is PLANNER else PLANNER
    tried = ("declare a queue", "declare an exchange", "delete a queue", "listen to replies", "listen to work")
    assert [what for what in tried if not await refused(what)] == []


async def test_nobody_says_that_it_is_somebody_else(connections: dict[Account, AbstractConnection]) -> None:
    asking = (WORK.name, "token.request.v1")
    assert await may_publish(connections[WRITER], *asking, user_id=USERS.name(WRITER))
    assert not await may_publish(connections[WRITER], *asking, user_id=USERS.name(PLANNER))


@pytest.mark.parametrize("account", sorted({*SERVICES, OPERATOR}))
async def test_who_asks_has_replies_of_its_own(
    connections: dict[Account, AbstractConnection], account: Account
) -> None:
    async with connections[account].channel() as channel:
        name = own_queue(account)
        queue = await channel.declare_queue(name, exclusive=True, auto_delete=True)
        await queue.bind(REPLIES.name, name)
        async with connections[AUTH].channel() as answering:
            await (await answering.get_exchange(REPLIES.name)).publish(aio_pika.Message(b"1"), name)
        message = await queue.get(timeout=10)
        await message.ack()
        assert message.body == b"1"


async def test_what_was_allowed_by_hand_is_gone_after_the_next_migration(
    connections: dict[Account, AbstractConnection], vhost: str, rabbit_server: RabbitServer
) -> None:
    await rabbit_server._ours().ctl(
        "set_permissions", "-p", vhost.rsplit("/", 1)[1], USERS.name(INVOICE_SYSTEM), ".*", ".*", ".*"
    )
    await prepare(vhost, rabbit_server.management_url, USERS, DELAYS_S)
    assert not await may_publish(connections[INVOICE_SYSTEM], WORK.name, "run.requested.v1")


async def test_an_administrator_is_nobodys_user(vhost: str, rabbit_server: RabbitServer) -> None:
    name = USERS.name(OPERATOR)
    await rabbit_server._ours().ctl("set_user_tags", name, "administrator")
    try:
        with pytest.raises(BrokerRefusedError, match=name):
            await prepare(vhost, rabbit_server.management_url, USERS, DELAYS_S)
    finally:
        await rabbit_server._ours().ctl("set_user_tags", name)


async def test_without_the_management_api_it_is_said_what_to_do(vhost: str) -> None:
    with pytest.raises(BrokerRefusedError, match="HALOSYNC_ADMIN_AMQP_MANAGEMENT_URL"):
        await prepare(vhost, "http://127.0.0.1:1", USERS, DELAYS_S)


async def test_a_service_only_looks_and_says_what_is_missing(amqp_url: str, rabbit_server: RabbitServer) -> None:
    await prepare(amqp_url, rabbit_server.management_url, USERS, DELAYS_S)
    async with RabbitBroker(**connect_options(signed_in(amqp_url, PLANNER)), logger=None) as broker:
        await broker.connect()
        look = topology_check(broker, DELAYS_S)
        await look()
        async with await aio_pika.connect(amqp_url) as administrator:
            await (await administrator.channel()).queue_delete(TOKEN_REQUEST.name)
        with pytest.raises(MissingTopologyError, match=f"no queue {TOKEN_REQUEST.name}.*halosync migrate"):
            await topology_check(broker, DELAYS_S)()
        with pytest.raises(MissingTopologyError, match=r"halosync\.delay\.7000ms"):
            await topology_check(broker, (7.0,))()
        await prepare(amqp_url, rabbit_server.management_url, USERS, DELAYS_S)
        await topology_check(broker, DELAYS_S)()
