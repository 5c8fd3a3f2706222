"""What the tests of actions have of a run that is being written, wherever its rows are."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from halosync.domain.model import Action, LicenceState, Outcome
from halosync.domain.states import ActionState
from halosync.ports.batch_work import BatchAtWork
from halosync.store.actions import ActionStore
from halosync.store.array_sizes import ArraySizeStore
from simulation.actions import MemoryActions
from simulation.array_sizes import MemoryArraySizes

PARTNER, TENANT, CLIENT = "acme-msp", "acme", 1


RUN_ID = UUID(int=1)


OUTCOMES = {
    ActionState.NONE: Outcome.SKIPPED,
    ActionState.APPLIED: Outcome.SYNCED,
    ActionState.REJECTED: Outcome.FAILED,
    ActionState.WITHDRAWN: Outcome.SKIPPED,
}


STATE = LicenceState(Decimal(3), Decimal("10.00"), "Monthly", active=True)


class Stage(Protocol):
    """A run that is being written, whose batches a test makes; and what a test looks at."""

    @property
    def store(self) -> ActionStore | MemoryActions:
        """The rows of actions."""
        ...

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


async def at_work(stage: Stage, batch_id: int) -> BatchAtWork:
    """Return a batch, which must still be to be worked on."""
    batch = await stage.store.batch(batch_id)
    assert batch is not None
    return batch


async def marked(stage: Stage, items: Sequence[int], settle_s: float = 60.0) -> dict[int, int]:
    """Mark actions as a writer does."""
    return await stage.store.mark_sending(list(items), worker="w", send_s=5.0, answer_s=35.0, settle_s=settle_s)
