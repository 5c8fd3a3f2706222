"""How the process is put together: settings, adapters, use case, handler, run."""

from halosync.halo.read import HaloReader
from halosync.halo.transport import HaloTransport
from halosync.halo.write import HaloWriter
from halosync.messaging.requests import Requests
from halosync.runtime.loops import every_loop
from halosync.runtime.process import Composition, Parts, run
from halosync.runtime.settings import load
from halosync.runtime.tokens import Tokens
from halosync.store.actions import ActionStore
from halosync.store.array_sizes import ArraySizeStore
from halosync.store.limiter import RateLimiter
from halosync.store.request_counter import RequestCounter
from halosync.store.sealing_keys import SealingKeyStore

from halo_writer.app import build
from halo_writer.assembly import assemble
from halo_writer.environment import WriterSettings
from halo_writer.ports import Ports

SWEEP_S = 10.0


def compose(settings: WriterSettings, parts: Parts) -> Composition:
    """Put the writer together on connected servers."""
    pool = parts.pool
    transport = HaloTransport(settings.halo_hosts, settings.halo_timeout_s)
    actions = ActionStore(pool)
    requests = Requests(parts.broker, parts.publisher, SealingKeyStore(pool))
    ports = Ports(
        actions=actions,
        tokens=Tokens(requests),
        limiter=RateLimiter(pool),
        counter=RequestCounter(pool),
        lists=HaloReader(transport, settings.halo_page_size, settings.halo_foreign_marks),
        writes=HaloWriter(transport),
        array_sizes=ArraySizeStore(pool),
    )
    build(parts.broker, batch_writer=assemble(ports, settings.rules), at_once=settings.batches_at_once)
    return Composition(
        background=[every_loop("issue again what was lost", SWEEP_S, actions.redeliver_due)],
        close=[transport.close, ports.in_flight.finish],
        checks={"replies": requests.check},
    )


def main() -> None:
    """Run a writer until SIGTERM."""
    settings = load(WriterSettings)
    run("halo-writer", settings, lambda parts: compose(settings, parts))
