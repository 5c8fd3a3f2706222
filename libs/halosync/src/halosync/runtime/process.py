"""The life of a process: connect, declare, compose, consume; on SIGTERM drain and stop (spec section 5.8)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog
from faststream.rabbit import RabbitBroker
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from halosync.domain.accounts import Account
from halosync.domain.delivery import DeliveryRules
from halosync.messaging.connection import connect_options
from halosync.messaging.consumers import keep_bound
from halosync.messaging.declaring import MissingTopologyError, declare_topology
from halosync.messaging.delivery import Deliveries, count_from_zero
from halosync.messaging.faststream_private import look_at_queues, subscribers
from halosync.messaging.publisher import Publisher
from halosync.observability.logging import configure_logging
from halosync.observability.metrics import tell_build
from halosync.observability.tracing import start_tracing
from halosync.observability.waiting import Waiting
from halosync.runtime.checks import checks_of, declare_topology_again, topology_check
from halosync.runtime.draining import drain
from halosync.runtime.health import health_app, serve_until, server
from halosync.runtime.loop_lag import LoopLag
from halosync.runtime.loops import every_loop
from halosync.runtime.patience import patiently
from halosync.runtime.readiness import Check, ProcessState, ReadinessChecks
from halosync.runtime.relay import Relay
from halosync.runtime.schema import SchemaWatch, wait_for_schema
from halosync.runtime.settings import ProcessSettings
from halosync.runtime.shutdown import Shutdown, cancel_what_is_left
from halosync.runtime.unreachable import CannotListenError, UnreachableError, reaching
from halosync.runtime.variables import unknown_names
from halosync.runtime.watchdog import watch_loop
from halosync.store.pool import Pool, open_pool

log = structlog.get_logger(__name__)
waits = Waiting(log)

DECLARE_AGAIN_S = 30.0
"""How often everything is declared again: what somebody has deleted is back after so long at the latest."""

Background = Callable[[asyncio.Event], Coroutine[None, None, None]]
"""A piece of work that lasts until the event is set."""

Once = Callable[[], Awaitable[object]]
"""Is done once: prepares something, or closes what was opened."""


@dataclass(frozen=True)
class Parts:
    """What a process is composed from: connected servers, and a place to register handlers."""

    database_url: str
    pool: Pool
    broker: RabbitBroker
    publisher: Publisher
    committed: asyncio.Event


@dataclass(frozen=True)
class Composition:
    """What a service adds.

    Attributes:
        prepare: done before the first message is taken.
        background: work that lasts as long as the process.
        close: closed at the end, in reverse.
        checks: its own readiness checks.
    """

    prepare: list[Once] = field(default_factory=list)
    background: list[Background] = field(default_factory=list)
    close: list[Once] = field(default_factory=list)
    checks: Mapping[str, Check] = field(default_factory=dict)


def run(name: str, settings: ProcessSettings, compose: Callable[[Parts], Composition]) -> None:
    """Run a process until SIGTERM or SIGINT."""
    configure_logging(settings.log_level, name)
    tell_build(name)
    for sentence in unknown_names():
        log.warning(sentence)
    end_tracing = start_tracing(name)
    try:
        asyncio.run(_live(name, settings, compose))
    except (UnreachableError, CannotListenError) as error:
        log.critical("cannot start", why=str(error))
        raise SystemExit(1) from None
    finally:
        end_tracing()


@dataclass(frozen=True)
class _Started:
    """A process that takes messages, and what it does besides."""

    broker: RabbitBroker
    readiness: ReadinessChecks
    background: list[Background]


async def _live(name: str, settings: ProcessSettings, compose: Callable[[Parts], Composition]) -> None:
    """Start and work until told to stop; begin anew whenever the schema no longer fits."""
    ending = Shutdown()
    ending.listen()
    watch_loop()
    async with _health(settings) as standing:
        started: _Started | None = None
        while not ending.told.is_set():
            async with AsyncExitStack() as stack:
                later = partial(_later, stack, ending)
                started = await ending.start(_start(name, settings, compose, later, standing))
                if started is not None:
                    standing.works(started.readiness)
                    await _work(started, ending.told, settings)
    if started is None:
        await cancel_what_is_left()
    log.info("stopped")


def _later(stack: AsyncExitStack, ending: Shutdown, close: Once) -> None:
    stack.push_async_callback(ending.closing(close))


async def _start(
    name: str,
    settings: ProcessSettings,
    compose: Callable[[Parts], Composition],
    later: Callable[[Once], None],
    standing: ProcessState,
) -> _Started:
    standing.waits("for Postgres and RabbitMQ")
    parts = await _connect(name, settings, later)
    await wait_for_schema(parts.pool, standing.waits)
    topology = await _topology(parts, settings.tiers_s, standing.waits)
    composition = compose(parts)
    count_from_zero(subscriber.queue.name for subscriber in subscribers(parts.broker))
    for close in composition.close:
        later(close)
    for prepare in composition.prepare:
        await prepare()
    relay = Relay(parts.database_url, parts.pool, parts.publisher, parts.committed)
    schema = SchemaWatch(parts.pool)
    checks = checks_of(parts.pool, parts.broker, parts.publisher, schema.check)
    readiness = ReadinessChecks({**checks, **topology.checks, **composition.checks})
    own = [schema.until_misfit, readiness.watch, relay.run, *topology.background]
    if parts.publisher.signed_in.alone:
        look_at_queues(parts.broker)
        await parts.broker.start()
    else:
        await parts.broker.start()
        await keep_bound(parts.broker)
    return _Started(parts.broker, readiness, [*own, *composition.background])


async def _topology(parts: Parts, tiers_s: Sequence[float], tell: Callable[[str], None]) -> Composition:
    """Wait until all exchanges and queues are there, however long; where one user does all, declare them.

    `tell` is told what is missing.

    Returns:
        What keeps it so: declaring again, or a readiness check.
    """

    def missing(state: RetryCallState) -> None:
        why = str(state.outcome and state.outcome.exception())
        waits.tell("exchanges and queues", why=why, wait_s=state.upcoming_sleep)
        tell(why)

    signed_in = parts.publisher.signed_in
    if not signed_in.alone:
        log.warning(
            "one user does everything: no right is kept from anybody; see docs/operations.md", user=signed_in.user
        )
        await declare_topology(parts.broker, tiers_s)
        again = every_loop(
            "declare the topology again", DECLARE_AGAIN_S, lambda: declare_topology_again(parts.broker, tiers_s)
        )
        return Composition(background=[again])
    check = topology_check(parts.broker, tiers_s)
    await AsyncRetrying(
        retry=retry_if_exception_type(MissingTopologyError),
        wait=wait_exponential_jitter(multiplier=0.2, max=3.0),
        before_sleep=missing,
        reraise=True,
    )(check)
    return Composition(checks={"topology": check})


async def _work(started: _Started, stop: asyncio.Event, settings: ProcessSettings) -> None:
    """Work until told to stop, or until the schema no longer fits; then drain."""
    halt_background = asyncio.Event()
    tasks = [asyncio.create_task(work(halt_background)) for work in started.background]
    log.info("started", health_port=settings.health_port)
    await _first_of(stop, tasks)
    log.info("draining")
    started.readiness.stopping()
    await drain(started.broker)
    halt_background.set()
    await asyncio.gather(*tasks)


async def _connect(name: str, settings: ProcessSettings, later: Callable[[Once], None]) -> Parts:
    """Connect to Postgres and RabbitMQ, waiting for them if they are still starting."""
    database_url, amqp_url, committed = settings.database_url, settings.amqp_url, asyncio.Event()
    with reaching("Postgres", "HALOSYNC_DATABASE_URL", database_url):
        pool: Pool = await patiently("Postgres")(open_pool, database_url, application=name, committed=committed.set)
    later(pool.close)
    publisher = Publisher(amqp_url, Account(name))
    later(publisher.broker.stop)
    with reaching("RabbitMQ", "HALOSYNC_AMQP_URL", amqp_url):
        await patiently("RabbitMQ")(publisher.broker.start)
    rules = DeliveryRules(settings.retry_delays_s, settings.tiers_s, settings.retry_max_attempts)
    deliveries = Deliveries(publisher, rules)
    broker = RabbitBroker(**connect_options(amqp_url), middlewares=[deliveries.middleware], logger=None)
    later(broker.stop)
    with reaching("RabbitMQ", "HALOSYNC_AMQP_URL", amqp_url):
        await patiently("RabbitMQ")(broker.connect)
    return Parts(database_url, pool, broker, publisher, committed)


async def _first_of(event: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for the event, or until one of the tasks ends; its error takes the process down."""
    waiting = asyncio.create_task(event.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done - {waiting}:
        task.result()


@asynccontextmanager
async def _health(settings: ProcessSettings) -> AsyncIterator[ProcessState]:
    """Answer `/healthz`, `/readyz` and `/metrics` from the first moment to the last, also while the process waits."""
    standing, lag, stop = ProcessState(), LoopLag(), asyncio.Event()
    web = server(health_app(standing, lag), settings.health_host, settings.health_port)
    serving = asyncio.create_task(serve_until(web, stop))
    tasks = [asyncio.create_task(lag.watch(stop)), serving]
    try:
        await _first_of(web.listens, [serving])
        yield standing
    finally:
        stop.set()
        await asyncio.gather(*tasks, return_exceptions=True)
