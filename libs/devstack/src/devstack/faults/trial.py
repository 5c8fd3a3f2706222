"""One case's own partner and tenant: connected, with an invoice and its poison, and what can be seen of its run."""

import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import aio_pika
from halosync.postgres_failures import POSTGRES_FAILURES
from halosync.store.partners import PartnerStore
from halosync.store.pool import open_pool

from devstack.faults.fault_stack import PATIENCE_S, RATE_REQUESTS, RATE_WINDOW_S, FaultStack, new_name
from devstack.faults.habits import NO_HABITS, Habits, with_others
from devstack.faults.workload import Workload, make_workload
from devstack.fields import Fields
from devstack.invoice_header import invoice_header
from devstack.log_in import log_in
from devstack.own_domain import host_of
from devstack.wait import until

APPLICATION = "halosync-faults"
LICENCES = "SoftwareLicence"
ENDED = ("succeeded", "partial", "failed", "cancelled", "previewed")


class Address(NamedTuple):
    """Where a message is published, and the queue that it comes to."""

    exchange: str
    routing_key: str
    queue: str


INVOICE_READY = Address("converge.invoices", "invoice.ready.v1", "planner.invoice-ready.v1")


class Trial:
    """A partner on the stack of the cases.

    Attributes:
        fault_stack: where it is.
        name: of the partner and of its tenant.
        workload: what its invoice asks for.
        habits: what its Halo is like besides the fault.
        order: what every run from now on is ordered to do; without it, it applies the invoice.
        before, wanted: what Halo holds before the run that is looked at, and what it is to hold after it.
        poison: the messages that were published for it to be refused, and the queue where each is to die.
        run_id: of its newest run.
    """

    def __init__(self, fault_stack: FaultStack, workload: Workload | None = None, habits: Habits = NO_HABITS) -> None:
        self.fault_stack = fault_stack
        self.name = new_name()
        given = workload or make_workload()
        self.workload: Workload = with_others(given) if habits.others else given
        self.habits = habits
        self.order: Fields = {"mode": "apply"}
        self.before, self.wanted = self.workload.before, self.workload.wanted
        self.poison: dict[bytes, str] = {}
        self.run_id = ""

    async def open(self) -> None:
        """Add the partner and its tenant, connect them, and load the invoice."""
        fault_stack = self.fault_stack
        fault_stack.partners.add(self.name)
        pool = await open_pool(fault_stack.stack.database_url)
        await PartnerStore(pool).add(self.name, f"Partner {self.name}")
        await pool.close()
        redirect = f"{fault_stack.stack.http_url}/accounts/"
        await fault_stack.halo.put_tenant(
            self.name,
            applications=[{"client_id": APPLICATION, "name": "converge", "redirect_uris": [redirect]}],
            clients=self.workload.clients,
            licences=self.workload.licences,
            settings={
                "rate_requests": RATE_REQUESTS,
                "rate_window_s": RATE_WINDOW_S,
                "addresses": [host_of(self.name)] if self.habits.own_domain else [],
                **self.habits.settings,
            },
        )
        await fault_stack.halo.add_recurring_lines(self.name, *self._billed())
        await self.connect()
        await self._publish_all()

        async def loaded() -> bool:
            return bool((await self.get("/invoices"))["items"])

        await until(loaded, what="loading the invoice", timeout_s=PATIENCE_S)

    def _billed(self) -> list[int]:
        """Return every licence that is to stay, for recurring invoices to bill, by number."""
        stay = self.workload.wanted.keys()
        numbered = enumerate(self.workload.licences, 1)
        return [n for n, row in numbered if (row.get("client_id", 0), row["name"]) in stay]

    async def connect(self) -> None:
        """Walk through Halo's log-in, and complete it as a program does."""
        api = self.fault_stack.api
        if self.habits.own_domain:
            host = host_of(self.name)
            connected = await self.fault_stack.own_domain.log_in(api, self.name, APPLICATION, host=host)
        else:
            connected = await log_in(api, self.name, self.name, APPLICATION)
        connected.raise_for_status()

    async def get(self, path: str) -> Any:
        """Ask report-api about the partner."""
        answer = await self.fault_stack.api.get(f"/v1/partners/{self.name}{path}")
        answer.raise_for_status()
        return answer.json()

    async def start(self, **options: Any) -> str:
        """Press Sync; once the processes are ready it is answered."""
        answer = await self.fault_stack.api.post(f"/v1/partners/{self.name}/runs", json={**self.order, **options})
        answer.raise_for_status()
        self.run_id = str(answer.json()["run_id"])
        return self.run_id

    async def sync_then_undo(self) -> None:
        """Apply the invoice; every run from now on undoes that, and the many removals in it are approved."""
        undone = await self.start()
        run = await self.until_ended()
        self.order = {"mode": "undo", "run_id": undone, "approve_removals": run["created"]}
        self.before, self.wanted = self.wanted, self.before

    async def fetch(self, query: str, *arguments: Any) -> list[Fields]:
        """Ask the database."""
        async with self.fault_stack.connection() as connection:
            return [dict(row) for row in await connection.fetch(query, *arguments)]

    async def run(self) -> Fields:
        """Return the row of the newest run."""
        [row] = await self.fetch("SELECT * FROM run WHERE run_id = $1", self.run_id)
        return row

    async def until(self, check: Callable[[], Awaitable[bool]], *, what: str) -> None:
        """Wait for a condition that reads the database, which may be away for a while."""

        async def patiently() -> bool:
            with suppress(OSError, TimeoutError, *POSTGRES_FAILURES):
                return await check()
            return False

        await until(patiently, what=what, timeout_s=PATIENCE_S, every_s=0.1)

    async def until_ended(self) -> Fields:
        """Wait until the newest run has ended, and return its row."""

        async def ended() -> bool:
            return bool((await self.run())["state"] in ENDED)

        await self.until(ended, what="the end of the run")
        return await self.run()

    async def until_writing(self, *, synced: int = 1) -> None:
        """Wait until the run is in the middle: so many items are written, and some are not."""

        async def writing() -> bool:
            run = await self.run()
            return bool(run["state"] == "writing" and run["created"] + run["updated"] >= synced)

        await self.until(writing, what="the middle of the run")

    async def requests(self) -> list[Fields]:
        """Return what the tenant's API was asked."""
        return [entry for entry in await self.fault_stack.halo.requests(self.name) if "/api/" in entry["path"]]

    async def until_asked(self, method: str, status: int | None = None, times: int = 1) -> None:
        """Wait until the tenant was asked so often by that method, with that answer if one is named."""

        async def asked() -> bool:
            seen = [entry for entry in await self.requests() if entry["method"] == method]
            return bool(sum(status is None or entry["status"] == status for entry in seen) >= times)

        await until(asked, what=f"{times} {method}", timeout_s=PATIENCE_S)

    async def fault(
        self,
        method: str,
        *,
        path: str = LICENCES,
        row_name: str | None = None,
        nth: int = 1,
        times: int | None = 1,
        **act: Any,
    ) -> None:
        """Let a request to the tenant meet a fault; the first that was added wins."""
        match = {"method": method, "path": path, "row_name": row_name, "nth": nth}
        await self.fault_stack.halo.add_fault(self.name, match=match, times=times, **act)

    async def slow(self, delay_s: float = 0.4) -> None:
        """Let every array be answered late, so that the run has a middle."""
        await self.fault("POST", times=None, delay_answer_s=delay_s)

    async def _publish_all(self) -> None:
        """Publish the invoice, and before it what nobody can process."""
        header = invoice_header(self.name)
        marked = f"poison of {self.name}"
        refused = [
            (INVOICE_READY, f"no JSON, {marked}".encode()),
            (
                INVOICE_READY,
                json.dumps({**header, "revision": marked, "lines": []}).encode(),
            ),
            (
                Address("halosync.work", "licence.actions.v1", "halo-writer.licence-actions.v1"),
                json.dumps({"batch_id": marked}).encode(),
            ),
            (
                Address("halosync.work", "run.requested.v1", "planner.run-requested.v1"),
                json.dumps({"run_id": marked}).encode(),
            ),
        ]
        invoice = json.dumps({**header, "lines": list(self.workload.lines)}).encode()
        await self.publish_poison(refused)
        await self._publish([(INVOICE_READY, invoice)])

    async def publish_poison(self, refused: Sequence[tuple["Address", bytes]]) -> None:
        """Publish what nobody can process; each is to die as a dead letter of its queue."""
        poison = {body: address.queue for address, body in refused}
        self.poison |= poison
        self.fault_stack.poison |= poison
        await self._publish(refused)

    async def _publish(self, messages: Sequence[tuple["Address", bytes]]) -> None:
        async with await aio_pika.connect(self.fault_stack.stack.amqp_url) as connection:
            channel = await connection.channel()
            for address, body in messages:
                message = aio_pika.Message(
                    body, content_type="application/json", delivery_mode=aio_pika.DeliveryMode.PERSISTENT
                )
                exchange = await channel.get_exchange(address.exchange, ensure=False)
                await exchange.publish(message, routing_key=address.routing_key)
