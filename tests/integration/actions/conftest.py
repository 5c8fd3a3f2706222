"""The rows of actions in Postgres, and their double of the simulation, set up alike."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import pytest
from halosync.domain.batching import BatchKind
from halosync.domain.model import Action, LicenceState, Outcome
from halosync.domain.plan import PlannedItem
from halosync.domain.states import ActionState, BatchState, RunState
from halosync.store.actions import ActionStore
from halosync.store.array_sizes import ArraySizeStore
from simulation.actions import MemoryActions
from simulation.array_sizes import MemoryArraySizes
from simulation.clock import now
from simulation.database import Database
from simulation.invoices import Invoice
from simulation.rows import KnownLicence, Run

PARTNER, TENANT, CLIENT = "acme-msp", "acme", 1
RUN_ID = UUID(int=1)
_OUTCOMES = {
    ActionState.NONE: Outcome.SKIPPED,
    ActionState.APPLIED: Outcome.SYNCED,
    ActionState.REJECTED: Outcome.FAILED,
    ActionState.WITHDRAWN: Outcome.SKIPPED,
}
STATE = LicenceState(Decimal(3), Decimal("10.00"), "Monthly", active=True)


class Stage(Protocol):
    """A run that is being written, whose batches a test makes; and what a test looks at."""

    store: Any

    @property
    def array_sizes(self) -> ArraySizeStore | MemoryArraySizes:
        """What is learnt of arrays."""
        ...

    async def batch(self, *actions: Action, state: str = "issued") -> tuple[int, list[int]]:
        """Add a batch with an action each; return its id and those of its items."""
        ...

    async def item(self, item_id: int) -> tuple[str, str, int]:
        """Return action_state, outcome and attempts."""
        ...

    async def put(self, item_id: int, state: ActionState) -> int:
        """Put an action into a state, long settled; return the number of its mark."""
        ...

    async def batch_of(self, item_id: int) -> int:
        """Return the batch of an item."""
        ...

    async def run_state(self) -> str:
        """Return the state of the run."""
        ...

    async def orders(self) -> list[int]:
        """Take the orders to writers out of the outbox: the ids of their batches."""
        ...

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass for every row."""
        ...

    async def cancel(self) -> None:
        """Have the run stop."""
        ...

    async def reviewed(self, *, wanted: bool, after_start_s: int | None) -> None:
        """Say whether a first review is wanted, and how long after the run's start it was done; None: it was not."""
        ...

    async def known(self, *licences: tuple[int, int]) -> None:
        """Add licences (id, client) to what halosync knows."""
        ...


class RealStage:
    """On Postgres."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool
        self._seq = 0
        self.store = ActionStore(pool)
        self.array_sizes = ArraySizeStore(pool)

    async def set_up(self) -> None:
        await self._pool.execute("INSERT INTO partner (partner_id, name) VALUES ($1, 'Acme MSP')", PARTNER)
        await self._pool.execute(
            "INSERT INTO connection (partner_id, state, tenant) VALUES ($1, 'connected', $2)", PARTNER, TENANT
        )
        await self._pool.execute("INSERT INTO halo_snapshot VALUES ($1, $2, now())", PARTNER, TENANT)
        invoice_pk = await self._pool.fetchval(
            """INSERT INTO invoice (partner_id, invoice_id, revision, event_id, period, currency, issued_at, line_count,
            total) VALUES ($1, 'INV-1', 1, gen_random_uuid(), '2026-11', 'AUD', now(), 1, 1) RETURNING invoice_pk""",
            PARTNER,
        )
        await self._pool.execute(
            """INSERT INTO run (run_id, partner_id, invoice_pk, tenant, mode, state, requested_by, removal, price_field)
            VALUES ($1, $2, $3, $4, 'apply', 'writing', 'test', 'delete', 'price')""",
            RUN_ID,
            PARTNER,
            invoice_pk,
            TENANT,
        )

    async def batch(self, *actions: Action, state: str = "issued") -> tuple[int, list[int]]:
        batch_id = await self._pool.fetchval(
            """INSERT INTO batch (run_id, partner_id, tenant, kind, state, redeliver_at)
            VALUES ($1, $2, $3, 'write', $4, now() + interval '60 s') RETURNING batch_id""",
            RUN_ID,
            PARTNER,
            TENANT,
            state,
        )
        return batch_id, [await self._item(batch_id, action) for action in actions]

    async def _item(self, batch_id: int, action: Action) -> int:
        self._seq += 1
        licence_id = None if action is Action.CREATE else 100 + self._seq
        after = STATE if action is not Action.DELETE else LicenceState(None, None, None, active=False)
        item_id: int = await self._pool.fetchval(
            """INSERT INTO item (run_id, seq, customer_ids, customer_name, halo_client_id, licence_name,
            halo_licence_id, action, outcome, after_quantity, after_price, after_billing_cycle, after_active, line_nos,
            batch_id, action_state)
            VALUES ($1, $2, '{}', 'Contoso', $3, $4, $5, $6, 'pending', $7, $8, $9, $10, '{}', $11, 'waiting')
            RETURNING item_id""",
            *(RUN_ID, self._seq, CLIENT, f"P-{self._seq}", licence_id, action.value),
            *(after.quantity, after.price, after.billing_cycle, None if action is Action.DELETE else True, batch_id),
        )
        return item_id

    async def item(self, item_id: int) -> tuple[str, str, int]:
        [row] = await self._pool.fetch("SELECT action_state, outcome, attempts FROM item WHERE item_id = $1", item_id)
        return row["action_state"], row["outcome"], row["attempts"]

    async def put(self, item_id: int, state: ActionState) -> int:
        mark_no: int = await self._pool.fetchval(
            """UPDATE item SET action_state = $2, outcome = $3, settle_at = now() - interval '1 s' WHERE item_id = $1
            RETURNING mark_no""",
            *(item_id, state, _OUTCOMES.get(state, Outcome.PENDING)),
        )
        return mark_no

    async def batch_of(self, item_id: int) -> int:
        batch_id: int = await self._pool.fetchval("SELECT batch_id FROM item WHERE item_id = $1", item_id)
        return batch_id

    async def run_state(self) -> str:
        state: str = await self._pool.fetchval("SELECT state FROM run")
        return state

    async def orders(self) -> list[int]:
        rows = await self._pool.fetch(
            """DELETE FROM outbox WHERE message_type = 'licence.actions.v1'
            RETURNING (convert_from(body, 'UTF8')::json ->> 'batch_id')::bigint AS batch_id"""
        )
        return sorted(row["batch_id"] for row in rows)

    async def pass_time(self, seconds: float) -> None:
        await self._pool.execute("UPDATE item SET settle_at = settle_at - make_interval(secs => $1)", seconds)
        await self._pool.execute("UPDATE batch SET redeliver_at = redeliver_at - make_interval(secs => $1)", seconds)

    async def cancel(self) -> None:
        await self._pool.execute("UPDATE run SET cancel_requested_at = now()")

    async def reviewed(self, *, wanted: bool, after_start_s: int | None) -> None:
        await self._pool.execute("UPDATE partner SET review_first_sync = $1", wanted)
        await self._pool.execute("UPDATE run SET started_at = now()")
        if after_start_s is not None:
            await self._pool.execute(
                "UPDATE halo_snapshot SET reviewed_at = (SELECT started_at FROM run) + make_interval(secs => $1)",
                after_start_s,
            )

    async def known(self, *licences: tuple[int, int]) -> None:
        await self._pool.executemany(
            "INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, is_active) "
            "VALUES ('acme-msp', $1, $2, 'x', true)",
            licences,
        )


class MemoryStage:
    """On the double."""

    def __init__(self) -> None:
        self._db = Database(PARTNER, TENANT, invoices=[Invoice(0, ())])
        self._db.runs[RUN_ID] = Run(RUN_ID, 0, state=RunState.WRITING, started_at=0.0)
        self.store = MemoryActions(self._db)
        self.array_sizes = MemoryArraySizes(self._db)

    async def batch(self, *actions: Action, state: str = "issued") -> tuple[int, list[int]]:
        batch = self._db.new_batch(RUN_ID, BatchKind.WRITE, BatchState(state))
        return batch.batch_id, [self._item(batch.batch_id, action) for action in actions]

    def _item(self, batch_id: int, action: Action) -> int:
        number = len(self._db.items) + 1
        planned = PlannedItem(
            customer_ids=(),
            customer_name="Contoso",
            halo_client_id=CLIENT,
            product_code=None,
            licence_name=f"P-{number}",
            halo_licence_id=None if action is Action.CREATE else 100 + number,
            action=action,
            outcome=Outcome.PENDING,
            after=None if action is Action.DELETE else STATE,
        )
        return self._db.new_item(RUN_ID, planned, batch_id).item_id

    async def item(self, item_id: int) -> tuple[str, str, int]:
        item = self._db.items[item_id]
        return item.action_state, item.outcome.value, item.attempts

    async def put(self, item_id: int, state: ActionState) -> int:
        item = self._db.items[item_id]
        item.action_state, item.outcome = state, _OUTCOMES.get(state, Outcome.PENDING)
        item.settle_at = now() - 1.0
        return item.mark_no

    async def batch_of(self, item_id: int) -> int:
        return self._db.items[item_id].batch_id or 0

    async def run_state(self) -> str:
        return self._db.runs[RUN_ID].state

    async def orders(self) -> list[int]:
        orders = [row.envelope.body for row in self._db.outbox if row.envelope.queue == "licence.actions.v1"]
        self._db.outbox.clear()
        return sorted(orders)

    async def pass_time(self, seconds: float) -> None:
        for item in self._db.items.values():
            item.settle_at = None if item.settle_at is None else item.settle_at - seconds
        for batch in self._db.batches.values():
            batch.redeliver_at -= seconds

    async def cancel(self) -> None:
        self._db.runs[RUN_ID].cancelled = True

    async def reviewed(self, *, wanted: bool, after_start_s: int | None) -> None:
        # The double's plan keeps it when it is stored.
        self._db.runs[RUN_ID].unreviewed = wanted and (after_start_s is None or after_start_s > 0)

    async def known(self, *licences: tuple[int, int]) -> None:
        self._db.known.update({licence_id: KnownLicence(client_id) for licence_id, client_id in licences})


@pytest.fixture
async def real_stage(pool: "asyncpg.Pool[Any]") -> RealStage:
    stage = RealStage(pool)
    await stage.set_up()
    return stage


@pytest.fixture(params=["postgres", "double"])
def stage(request: pytest.FixtureRequest) -> Any:
    """One after the other; the double needs no database."""
    return request.getfixturevalue("real_stage") if request.param == "postgres" else MemoryStage()


async def marked(stage: Stage, items: Sequence[int], settle_s: float = 60.0) -> dict[int, int]:
    """Mark actions as a writer does."""
    marks: dict[int, int] = await stage.store.mark_sending(
        list(items), worker="w", send_s=5.0, answer_s=35.0, settle_s=settle_s
    )
    return marks
