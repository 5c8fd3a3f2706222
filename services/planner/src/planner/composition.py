"""How the process is put together: settings, adapters, use cases, handlers, run."""

from functools import partial

import httpx
from halosync.halo.conformance import HaloConformance
from halosync.halo.read import HaloReader
from halosync.halo.transport import HaloTransport
from halosync.messaging.dead_letters import collect_dead_letters
from halosync.messaging.requests import Requests
from halosync.postgres_failures import PASSING
from halosync.runtime.figures import INVARIANTS_S, MEASURE_S, look_at_invariants, measure
from halosync.runtime.halo_sample import SAMPLE_PAGE_SIZE
from halosync.runtime.loops import every_loop
from halosync.runtime.process import Composition, Parts, run
from halosync.runtime.settings import load
from halosync.runtime.tokens import Tokens
from halosync.store.connections import ConnectionStore
from halosync.store.dead_letters import DeadLetterStore
from halosync.store.invoices import InvoiceStore
from halosync.store.limiter import RateLimiter
from halosync.store.operations import OperationsStore
from halosync.store.page_sizes import PageSizeStore
from halosync.store.plans import PlanStore
from halosync.store.reads import ReadStore
from halosync.store.request_counter import RequestCounter
from halosync.store.retention import RetentionStore
from halosync.store.run_work import RunWork
from halosync.store.runs import RunStore
from halosync.store.sealing_keys import SealingKeyStore

from planner.app import build
from planner.assembly import assemble
from planner.environment import PlannerSettings
from planner.lines_fetcher import LinesFetcher
from planner.ports import Ports

SWEEP_S = 10.0
TIDY_S = 3600.0
PURGE_S = 2.0
"""How often a piece of what is no longer kept is taken away: slowly, so that nobody waits for it."""


def compose(settings: PlannerSettings, parts: Parts) -> Composition:
    """Put the planner together on connected servers."""
    pool = parts.pool
    transport = HaloTransport(settings.halo_hosts, settings.halo_timeout_s)
    http = httpx.AsyncClient(follow_redirects=False)
    requests = Requests(parts.broker, parts.publisher, SealingKeyStore(pool))
    runs, reads, operations, retention = RunStore(pool), ReadStore(pool), OperationsStore(pool), RetentionStore(pool)
    ports = Ports(
        invoices=InvoiceStore(pool),
        lines=LinesFetcher(http, settings.invoice_hosts),
        owed_runs=runs,
        runs=RunWork(pool),
        plans=PlanStore(pool),
        reads=reads,
        page_sizes=PageSizeStore(pool),
        snapshots=reads,
        connections=ConnectionStore(pool),
        tokens=Tokens(requests),
        limiter=RateLimiter(pool),
        counter=RequestCounter(pool),
        lists=HaloReader(transport, settings.halo_page_size, settings.halo_foreign_marks),
        sample_lists=HaloReader(transport, SAMPLE_PAGE_SIZE),
        conformance=HaloConformance(transport, settings.halo_hosts),
        passing=PASSING,
    )
    build(parts.broker, parts.publisher, planner=assemble(ports, settings.rules), owed_runs=runs)
    collect_dead_letters(parts.broker, DeadLetterStore(pool).keep)
    return Composition(
        background=[
            every_loop("ask again for runs", SWEEP_S, runs.redeliver_due),
            every_loop("start owed runs", SWEEP_S, runs.start_all_wanted),
            every_loop("forget old reads", TIDY_S, reads.forget_old),
            every_loop("retire what is old", TIDY_S, partial(retention.retire_due, settings.retention_months)),
            every_loop("purge", PURGE_S, retention.empty),
            every_loop("measure", MEASURE_S, partial(measure, operations)),
            every_loop("look at the invariants", INVARIANTS_S, partial(look_at_invariants, operations)),
        ],
        close=[transport.close, http.aclose],
        checks={"replies": requests.check},
    )


def main() -> None:
    """Run the planner until SIGTERM."""
    settings = load(PlannerSettings)
    run("planner", settings, lambda parts: compose(settings, parts))
