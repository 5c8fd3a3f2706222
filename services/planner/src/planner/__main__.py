"""`python -m planner`: settings, adapters, handlers, run."""

import httpx
from halosync.halo.read import HaloReader
from halosync.halo.transport import HaloTransport
from halosync.messaging.dead_letters import collect_dead_letters
from halosync.messaging.requests import Requests
from halosync.ports.permits import Rate
from halosync.runtime.loops import every_loop
from halosync.runtime.process import Composition, Parts, run
from halosync.runtime.read_access import ReadAccess
from halosync.runtime.settings import load
from halosync.runtime.tokens import Tokens
from halosync.store.connections import ConnectionStore
from halosync.store.dead_letters import DeadLetterStore
from halosync.store.invoices import InvoiceStore
from halosync.store.limiter import RateLimiter
from halosync.store.plans import PlanStore
from halosync.store.reads import ReadStore
from halosync.store.request_counter import RequestCounter
from halosync.store.run_work import RunWork
from halosync.store.runs import RunStore

from planner.app import build
from planner.connection_test import TEST_PAGE_SIZE, ConnectionTest
from planner.halo_read import HaloRead
from planner.intake import Intake
from planner.lines_fetcher import LinesFetcher
from planner.planning_slots import PlanningSlots
from planner.run_planner import Limits, RunPlanner
from planner.settings import PlannerSettings
from planner.snapshot_refresh import SnapshotRefresh

SWEEP_S = 10.0
TIDY_S = 3600.0


def compose(settings: PlannerSettings, parts: Parts) -> Composition:
    """Put the planner together on connected servers."""
    pool = parts.pool
    transport = HaloTransport(settings.halo_url_template, settings.halo_timeout_s)
    http = httpx.AsyncClient(follow_redirects=False)
    runs, plans, reads = RunStore(pool), PlanStore(pool), ReadStore(pool)
    rate = Rate(settings.halo_rate_requests, settings.halo_rate_window_s)
    access = ReadAccess(
        Tokens(Requests(parts.broker, parts.publisher)),
        RateLimiter(pool),
        RequestCounter(pool),
        request_s=transport.total_timeout_s,
    )
    reading = HaloRead(access, HaloReader(transport, settings.halo_page_size), reads)
    limits = Limits(rate, settings.halo_batch_size, settings.retry_delays_s, settings.retry_max_attempts)
    slots = PlanningSlots()
    build(
        parts.broker,
        parts.publisher,
        intake=Intake(InvoiceStore(pool), runs, LinesFetcher(http, settings.invoice_hosts), slots),
        planning=RunPlanner(
            runs=RunWork(pool), plans=plans, snapshots=reads, reading=reading, limits=limits, slots=slots
        ),
        refreshing=SnapshotRefresh(snapshots=reads, settings=plans, reading=reading, default_rate=rate),
        testing=ConnectionTest(
            contexts=reads,
            views=ConnectionStore(pool),
            access=access,
            reader=HaloReader(transport, TEST_PAGE_SIZE),
            default_rate=rate,
        ),
        starter=runs,
    )
    collect_dead_letters(parts.broker, DeadLetterStore(pool).keep)
    return Composition(
        background=[
            every_loop("ask again for runs", SWEEP_S, runs.redeliver_due),
            every_loop("start owed runs", SWEEP_S, runs.start_all_wanted),
            every_loop("forget old reads", TIDY_S, reads.forget_old),
        ],
        close=[transport.close, http.aclose],
    )


def main() -> None:
    """Run the planner until SIGTERM."""
    settings = load(PlannerSettings)
    run("planner", settings, lambda parts: compose(settings, parts))


if __name__ == "__main__":
    main()
