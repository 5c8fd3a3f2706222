"""A run that is being written, in the double of the simulation."""

from halosync.domain.batching import BatchKind
from halosync.domain.model import Action, Outcome
from halosync.domain.plan import PlannedItem
from halosync.domain.states import ActionState, BatchState, RunState
from simulation.actions import MemoryActions
from simulation.array_sizes import MemoryArraySizes
from simulation.clock import now
from simulation.database import Database
from simulation.invoices import Invoice
from simulation.rows import KnownLicence, Run

from .stages import CLIENT, OUTCOMES, PARTNER, RUN_ID, STATE, TENANT


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
        item.action_state, item.outcome = state, OUTCOMES.get(state, Outcome.PENDING)
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
