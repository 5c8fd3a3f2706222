"""Planner and writer in this process, on real Postgres and the sandbox; messages are handed over without a broker.

So a test says exactly which message is delivered when, twice, or never; the journeys through RabbitMQ and the four
processes are in tests/e2e.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from operator import itemgetter
from typing import Any
from uuid import UUID

import halo_writer.assembly
import planner.assembly
import pytest
from devstack.fields import Fields
from devstack.fixtures import PoolOf
from devstack.invoice_header import invoice_header
from halo_sandbox.testing import RunningSandbox
from halo_writer.batch_writer import BatchWriter
from halo_writer.environment import WriterRules
from halo_writer.ports import Ports as WriterPorts
from halosync.domain.accounts import Account
from halosync.domain.acts import Actor
from halosync.domain.run_order import RunOrder
from halosync.domain.tenant import HaloHosts
from halosync.halo.conformance import HaloConformance
from halosync.halo.read import HaloReader
from halosync.halo.transport import HaloTransport
from halosync.halo.write import HaloWriter
from halosync.ports.permits import Rate
from halosync.postgres_failures import PASSING
from halosync.runtime.halo_sample import SAMPLE_PAGE_SIZE
from halosync.store.actions import ActionStore
from halosync.store.array_sizes import ArraySizeStore
from halosync.store.connections import ConnectionStore
from halosync.store.invoices import InvoiceStore
from halosync.store.limiter import RateLimiter
from halosync.store.page_sizes import PageSizeStore
from halosync.store.plans import PlanStore
from halosync.store.pool import Pool
from halosync.store.reads import ReadStore
from halosync.store.request_counter import RequestCounter
from halosync.store.run_work import RunWork
from halosync.store.runs import RunStore
from planner.assembly import Planner
from planner.environment import PlannerRules
from planner.ports import Ports as PlannerPorts

from .parts import APPLICATION, LONGEST_WAIT_S, PARTNER, TENANT, Pools, SandboxTokens, Tuning, line
from .transitions import only_allowed_transitions


class Pipeline:
    """From an invoice to licences, one message at a time."""

    def __init__(self, pools: Pools, sandbox: RunningSandbox, tuning: Tuning) -> None:
        self.pool, self.pools, self.sandbox, self.tuning = pools.everything, pools, sandbox, tuning
        self.tokens = SandboxTokens(sandbox)
        self.runs, self.actions = RunStore(pools.planner), ActionStore(pools.writer)
        self.limiter = RateLimiter(pools.everything)
        self.transport = HaloTransport(sandbox.url_template, tuning.timeout_s)
        use_cases = self.planner()
        self.intake, self.planning = use_cases.intake, use_cases.run_planner
        self.refreshing = use_cases.snapshot_refresh
        self.writing = self.writer()

    def planner(self, rate: Rate | None = None) -> Planner:
        """Return another planner on the same stores."""
        reads = ReadStore(self.pools.planner)
        no_lines: Any = None  # every invoice here brings its own
        ports = PlannerPorts(
            invoices=InvoiceStore(self.pools.planner),
            lines=no_lines,
            owed_runs=self.runs,
            runs=RunWork(self.pools.planner),
            plans=PlanStore(self.pools.planner),
            reads=reads,
            page_sizes=PageSizeStore(self.pool),
            snapshots=reads,
            connections=ConnectionStore(self.pools.planner),
            tokens=self.tokens,
            limiter=RateLimiter(self.pools.planner),
            counter=RequestCounter(self.pools.planner),
            lists=HaloReader(self.transport, self.tuning.page_size),
            sample_lists=HaloReader(self.transport, SAMPLE_PAGE_SIZE),
            conformance=HaloConformance(self.transport, HaloHosts(self.sandbox.url_template)),
            passing=PASSING,
        )
        rules = PlannerRules(
            rate=rate or self.tuning.rate,
            page_sizes=self.tuning.page_sizes,
            batch_size=self.tuning.array_sizes.most,
            delete_batch_size=self.tuning.batch_size,
            delays_s=self.tuning.delays_s,
            max_attempts=self.tuning.max_attempts,
        )
        return planner.assembly.assemble(ports, rules)

    def writer(self, name: str = "writer-1") -> BatchWriter:
        """Return another writer on the same stores."""
        ports = WriterPorts(
            actions=self.actions,
            tokens=self.tokens,
            limiter=RateLimiter(self.pools.writer),
            counter=RequestCounter(self.pools.writer),
            lists=HaloReader(self.transport, self.tuning.page_size),
            writes=HaloWriter(self.transport),
            array_sizes=ArraySizeStore(self.pools.writer),
        )
        rules = WriterRules(
            worker=name,
            rate=self.tuning.rate,
            array_sizes=self.tuning.array_sizes,
            page_sizes=self.tuning.page_sizes,
            delays_s=self.tuning.delays_s,
            max_attempts=self.tuning.max_attempts,
            settle_s=self.tuning.settle_s,
            per_tenant=4,
        )
        return halo_writer.assembly.assemble(ports, rules)

    async def invoice(self, lines: list[Fields], **header: str | int) -> str:
        """Take in an invoice with these lines; each may leave out what does not matter."""
        numbered = [line(number, **values) for number, values in enumerate(lines, 1)]
        event = {**invoice_header(PARTNER), "lines": numbered, **header}
        await self.intake.take_in(json.dumps(event).encode())
        return str(event["invoice_id"])

    async def messages(self) -> list[tuple[str, Fields]]:
        """Take everything out of the outbox."""
        rows = await self.pool.fetch("DELETE FROM outbox RETURNING outbox_id, message_type, body")
        rows.sort(key=itemgetter("outbox_id"))
        return [(row["message_type"], json.loads(row["body"])) for row in rows]

    async def deliver(self, kind: str, message: Fields) -> float | None:
        """Hand a message to whoever it is for; return how long it wants to wait."""
        match kind:
            case "run.requested.v1":
                return await self.planning.advance(UUID(message["run_id"]))
            case "licence.actions.v1":
                return await self.writing.advance(message["batch_id"])
            case "halo.refresh.requested.v1":
                turn = await self.refreshing.advance(message["partner_id"], UUID(message["read_id"]))
                return None if turn is None else turn[0]
            case _:
                return None

    async def deliver_all(self) -> None:
        """Deliver messages until there are none left; one that wants to wait comes again when it asked to."""
        clock = asyncio.get_running_loop().time
        give_up = clock() + LONGEST_WAIT_S
        queue = [(clock(), *message) for message in await self.messages()]
        while queue:
            queue.sort(key=itemgetter(0))
            due, kind, message = queue.pop(0)
            assert due < give_up, f"waits for too long: {kind} {message}"
            await asyncio.sleep(max(due - clock(), 0))
            wait_s = await self.deliver(kind, message)
            if wait_s is not None:
                queue.append((clock() + wait_s, kind, message))
            queue += [(clock(), *message) for message in await self.messages()]

    async def sync(self, **options: str | int) -> Fields:
        """Start a run, see it through, and return it."""
        run_id = await self.start(**options)
        await self.deliver_all()
        return await self.run(run_id)

    async def start(self, **options: Any) -> UUID:
        """Start a run."""
        return await self.runs.request(PARTNER, RunOrder(**options), by=Actor("test"))

    async def run(self, run_id: UUID) -> Fields:
        """Return a run's row, after checking that its counters are those of its rows (spec section 4)."""
        [row] = await self.pool.fetch("SELECT * FROM run WHERE run_id = $1", run_id)
        [counted] = await self.pool.fetch(
            """SELECT count(*) AS total, count(*) FILTER (WHERE outcome = 'synced') AS synced,
            count(*) FILTER (WHERE outcome = 'skipped') AS skipped, count(*) FILTER (WHERE outcome = 'held') AS held,
            count(*) FILTER (WHERE outcome = 'failed') AS failed,
            count(*) FILTER (WHERE outcome = 'pending') AS pending,
            count(*) FILTER (WHERE outcome = 'synced' AND action = 'create') AS created,
            count(*) FILTER (WHERE outcome = 'synced' AND action = 'update') AS updated,
            count(*) FILTER (WHERE outcome = 'synced' AND action = 'delete') AS deleted,
            count(*) FILTER (WHERE outcome = 'synced' AND action = 'unchanged') AS unchanged
            FROM item WHERE run_id = $1""",
            run_id,
        )
        run = dict(row)
        assert {name: run[name] for name in dict(counted)} == dict(counted)
        return run

    async def items(self, run_id: UUID) -> list[Fields]:
        """Return a run's items."""
        return [dict(row) for row in await self.pool.fetch("SELECT * FROM item WHERE run_id = $1 ORDER BY seq", run_id)]

    async def licences(self) -> dict[tuple[int, str], Fields]:
        """Return what Halo holds, by client and name; that there is one of each is part of every test."""
        rows = await self.sandbox.admin.licences(TENANT)
        found = {(row["client_id"], row["name"]): row for row in rows}
        assert len(found) == len(rows), "two licences of one name"
        assert await self.sandbox.admin.duplicates(TENANT) == []
        return found

    async def sent(self, method: str) -> int:
        """Return how many API requests of a method Halo has seen."""
        log = await self.sandbox.admin.requests(TENANT)
        return sum(entry["method"] == method and "/api/" in entry["path"] for entry in log)


@pytest.fixture
def tuning() -> Tuning:
    return Tuning()


@pytest.fixture
async def pipeline(pool: Pool, pool_of: PoolOf, sandbox: RunningSandbox, tuning: Tuning) -> AsyncIterator[Pipeline]:
    """A partner that is connected to a tenant with two clients, Contoso (1) and Fabrikam (2)."""
    await pool.execute(
        "INSERT INTO partner (partner_id, name, review_first_sync) VALUES ($1, 'Acme MSP', false)", PARTNER
    )
    await pool.execute(
        "INSERT INTO connection (partner_id, state, tenant, client_id) VALUES ($1, 'connected', $2, $3)",
        PARTNER,
        TENANT,
        APPLICATION,
    )
    await sandbox.admin.put_tenant(
        TENANT,
        applications=[{"client_id": APPLICATION, "name": "converge", "redirect_uris": ["http://127.0.0.1/accounts/"]}],
        clients=[{"id": 1, "name": "Contoso"}, {"id": 2, "name": "Fabrikam"}],
    )
    pools = Pools(pool, await pool_of(Account.PLANNER), await pool_of(Account.HALO_WRITER))
    pipeline = Pipeline(pools, sandbox, tuning)
    async with only_allowed_transitions(pool):
        yield pipeline
    await pipeline.transport.close()
