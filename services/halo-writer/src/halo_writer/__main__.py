"""`python -m halo_writer`: settings, adapters, handler, run."""

from halosync.halo.read import HaloReader
from halosync.halo.transport import HaloTransport
from halosync.halo.write import HaloWriter
from halosync.messaging.requests import Requests
from halosync.ports.permits import Rate
from halosync.runtime.loops import every_loop
from halosync.runtime.process import Composition, Parts, run
from halosync.runtime.read_access import ReadAccess
from halosync.runtime.settings import load
from halosync.runtime.tokens import Tokens
from halosync.store.actions import ActionStore
from halosync.store.limiter import RateLimiter
from halosync.store.request_counter import RequestCounter

from halo_writer.app import build
from halo_writer.batch_writer import BatchWriter
from halo_writer.in_flight import InFlight
from halo_writer.rules import RetryRules
from halo_writer.sender import Sender
from halo_writer.settings import WriterSettings, worker_name
from halo_writer.write_lookup import WriteLookUp

SWEEP_S = 10.0


def compose(settings: WriterSettings, parts: Parts) -> Composition:
    """Put the writer together on connected servers."""
    pool = parts.pool
    transport = HaloTransport(settings.halo_url_template, settings.halo_timeout_s)
    rate = Rate(settings.halo_rate_requests, settings.halo_rate_window_s)
    actions, limiter, counter = ActionStore(pool), RateLimiter(pool), RequestCounter(pool)
    tokens = Tokens(Requests(parts.broker, parts.publisher))
    sender = Sender(
        actions=actions,
        limiter=limiter,
        halo=HaloWriter(transport),
        counter=counter,
        default_rate=rate,
        worker=worker_name(),
        settle_s=settings.halo_settle_s,
    )
    lookup = WriteLookUp(
        actions=actions,
        access=ReadAccess(tokens, limiter, counter, request_s=transport.total_timeout_s),
        reader=HaloReader(transport, settings.halo_page_size),
        default_rate=rate,
        max_attempts=settings.retry_max_attempts,
        settle_s=settings.halo_settle_s,
    )
    rules = RetryRules(
        delays_s=settings.retry_delays_s,
        max_attempts=settings.retry_max_attempts,
        settle_s=settings.halo_settle_s,
        per_tenant=settings.batches_per_tenant,
    )
    in_flight = InFlight()
    writing = BatchWriter(
        actions=actions,
        tokens=tokens,
        limiter=limiter,
        sender=sender,
        lookup=lookup,
        rules=rules,
        in_flight=in_flight,
    )
    build(parts.broker, writing=writing, at_once=settings.batches_at_once)
    return Composition(
        background=[every_loop("issue again what was lost", SWEEP_S, actions.redeliver_due)],
        close=[transport.close, in_flight.finish],
    )


def main() -> None:
    """Run a writer until SIGTERM."""
    settings = load(WriterSettings)
    run("halo-writer", settings, lambda parts: compose(settings, parts))


if __name__ == "__main__":
    main()
