"""A partner with an invoice, in Postgres."""

import json
from uuid import UUID, uuid4

import httpx
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.review_choices import ReviewOutlook
from halosync.domain.run_order import RunOrder
from halosync.ports.run_start import RunInProgressError
from halosync.store.actions import ActionStore
from halosync.store.invoices import InvoiceStore
from halosync.store.month_choices import MonthChoices
from halosync.store.page_sizes import PageSizeStore
from halosync.store.partners import PartnerStore
from halosync.store.plans import PlanStore
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES
from halosync.store.reads import ReadStore
from halosync.store.request_counter import RequestCounter
from halosync.store.reviews import ReviewStore
from halosync.store.run_work import RunWork
from halosync.store.runs import RunStore
from planner.intake import Intake
from planner.lines_fetcher import LinesFetcher
from planner.planning_slots import PlanningSlots

from .stages import PARTNER, TENANT, Stage, event


class RealStage(Stage):
    """On Postgres."""

    def __init__(self, pool: Pool) -> None:
        self._pool = self.pool = pool
        self._runs = RunStore(pool)
        nowhere = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(404)))
        self._intake = Intake(InvoiceStore(pool), self._runs, LinesFetcher(nowhere, frozenset()), PlanningSlots())
        self.runs, self.sweeper, self.reads, self.plans = RunWork(pool), self._runs, ReadStore(pool), PlanStore(pool)
        self.actions, self.counter = ActionStore(pool), RequestCounter(pool)
        self.page_sizes = PageSizeStore(pool)
        self.invoice_pk = 0

    async def set_up(self) -> None:
        await PartnerStore(self._pool).add(PARTNER, "Acme MSP")
        await self._pool.execute(
            "INSERT INTO connection (partner_id, state, tenant) VALUES ($1, 'connected', $2)", PARTNER, TENANT
        )
        await self._pool.execute(
            "UPDATE partner SET guard_max_count = NULL, guard_max_fraction = NULL, review_first_sync = false"
        )
        await self._store(0)
        self.invoice_pk = await self._pool.fetchval("SELECT invoice_pk FROM invoice")

    async def _store(self, number: int) -> None:
        await self._intake.take_in(json.dumps(event(number)).encode())

    async def take_in(self, number: int) -> None:
        await self._pool.execute("UPDATE partner SET auto_sync = true")
        await self._store(number)

    async def publish(self, **fields: object) -> None:
        await self._pool.execute("UPDATE partner SET auto_sync = true")
        await self._intake.take_in(json.dumps(event(uuid4().int, **fields)).encode())

    async def choose(self, period: str, choice: MonthInvoices) -> None:
        await MonthChoices(self._pool).choose_invoices(PARTNER, period, choice, by=COMMAND_LINE)

    async def invoices_of(self, run_id: UUID) -> list[str]:
        rows = await self._pool.fetch(
            """SELECT invoice_id, revision FROM invoice_of_run JOIN invoice USING (invoice_pk)
            WHERE run_id = $1 ORDER BY line_offset""",
            run_id,
        )
        return [f"{row['invoice_id']}/{row['revision']}" for row in rows]

    async def start(self) -> UUID | None:
        try:
            return await self._runs.request(PARTNER, RunOrder(), by=COMMAND_LINE)
        except RunInProgressError:
            return None

    async def run(self, run_id: UUID) -> tuple[str, str | None, int]:
        [row] = await self._pool.fetch("SELECT state, error_code, halo_requests FROM run WHERE run_id = $1", run_id)
        return row["state"], row["error_code"], row["halo_requests"]

    async def messages(self, message_type: str) -> list[UUID]:
        rows = await self._pool.fetch(
            """DELETE FROM outbox WHERE message_type = $1
            RETURNING (convert_from(body, 'UTF8')::json ->> 'run_id')::uuid AS run_id""",
            message_type,
        )
        return [row["run_id"] for row in rows]

    async def batches(self, run_id: UUID) -> list[tuple[int, str]]:
        rows = await self._pool.fetch("SELECT batch_id, state FROM batch WHERE run_id = $1 ORDER BY batch_id", run_id)
        return [(row["batch_id"], row["state"]) for row in rows]

    async def items(self, run_id: UUID) -> list[tuple[str, str, str, int | None]]:
        rows = await self._pool.fetch(
            "SELECT licence_name, action, outcome, batch_id FROM item WHERE run_id = $1 ORDER BY seq", run_id
        )
        return [tuple(row) for row in rows]

    async def settle(self, seconds: float) -> None:
        await self._pool.execute("UPDATE partner SET settled_at = now() + make_interval(secs => $1)", seconds)

    async def ask_first(self) -> None:
        await self._pool.execute("UPDATE partner SET review_first_sync = true")

    async def review_due(self) -> bool:
        row = await QUERIES.plan_standing(self._pool, partner_id=PARTNER, tenant=TENANT, run_id=uuid4())
        return bool(row["review_due"])

    async def choices(self, run_id: UUID) -> list[ReviewOutlook]:
        return list(await ReviewStore(self._pool).outlooks(run_id))

    async def end(self, run_id: UUID) -> None:
        await self._pool.execute("UPDATE run SET state = 'partial', finished_at = now() WHERE run_id = $1", run_id)

    async def pass_time(self, seconds: float) -> None:
        await self._pool.execute(
            """UPDATE run SET claimed_until = claimed_until - make_interval(secs => $1),
            redeliver_at = redeliver_at - make_interval(secs => $1)""",
            seconds,
        )
