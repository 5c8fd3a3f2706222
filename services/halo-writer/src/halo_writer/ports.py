"""What the writer's use cases need of the world."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from halosync.contracts.connection import TokenGranted
from halosync.ports.batch_work import AppliedAction, BatchAtWork, FailedAction, OpenAction
from halosync.ports.licence_write import LicenceWrite
from halosync.ports.permits import Lease, Rate


class Actions(Protocol):
    """The rows of actions and batches."""

    async def batch(self, batch_id: int) -> BatchAtWork | None:
        """Return a batch that is still to be worked on."""

    async def open_actions(self, batch_id: int) -> list[OpenAction]:
        """Return its actions that are not yet known to be done."""

    async def known_licences(self, batch: BatchAtWork, client_id: int) -> set[int]:
        """Return the licences that a client must still have."""

    async def knows_licences(self, batch: BatchAtWork) -> bool:
        """Tell whether any client must still have one."""

    async def look_again(self, marks: dict[int, int], *, settle_s: float) -> None:
        """Look once more later, before nothing at all is believed."""

    async def mark_sending(
        self, item_ids: Sequence[int], *, worker: str, send_s: float, answer_s: float, settle_s: float
    ) -> dict[int, int]:
        """Commit the mark; return its number for each action that got it."""

    async def unmark(self, marks: dict[int, int], *, charged: bool) -> None:
        """Put actions back to waiting."""

    async def mark_unknown(self, marks: dict[int, int], *, settle_s: float) -> None:
        """Say that nobody knows their outcome."""

    async def note_failures(self, batch_id: int, failures: int) -> None:
        """Keep how often the batch could not be sent."""

    async def note_refused_token(self, batch_id: int, generation: int) -> None:
        """Keep which token was refused."""

    async def note_success(self, batch_id: int) -> None:
        """Forget the failures that went before."""

    async def refuse(self, batch_id: int, marks: dict[int, int], named: Sequence[int]) -> None:
        """Keep that the array was refused; all of it is in doubt."""

    async def withdraw(self, batch: BatchAtWork) -> None:
        """Take back what a stopping run has not sent."""

    async def redeliver_later(self, batch_id: int, wait_s: float) -> None:
        """Keep when the batch comes back."""

    async def adopt(self, action: OpenAction, licence_id: int) -> None:
        """Turn a create into an update."""

    async def record(
        self, batch: BatchAtWork, applied: Sequence[AppliedAction], failed: Sequence[FailedAction] = ()
    ) -> None:
        """Record results."""

    async def split(self, batch: BatchAtWork, parts: Sequence[dict[int, int]]) -> None:
        """Replace a refused batch by its parts (item → mark)."""

    async def lose_connection(self, batch: BatchAtWork, code: str, error: str) -> None:
        """End the run because its connection is lost."""

    async def close_if_done(self, batch: BatchAtWork) -> None:
        """Close a batch that has nothing open left."""


class Limiter(Protocol):
    """The shared request budget."""

    async def acquire(self, tenant: str, rate: Rate, *, want: int, hold_s: float, reserve: int = 0) -> Lease:
        """Lease permits."""

    async def finish(self, lease: Lease, spent: int) -> None:
        """Give back what was not spent."""

    async def block(self, tenant: str, retry_after_s: float | None) -> float:
        """Stop everybody from asking this tenant."""


class TokenSource(Protocol):
    """Access tokens."""

    async def get(self, partner_id: str, tenant: str, *, rejected_generation: int | None = None) -> TokenGranted:
        """Return a token of the partner's tenant."""


class Halo(Protocol):
    """What changes Halo."""

    total_timeout_s: float

    async def post(self, tenant: str, token: str, writes: Sequence[LicenceWrite]) -> list[int | None]:
        """Send an array."""

    async def delete(self, tenant: str, token: str, licence_id: int) -> None:
        """Delete a licence."""


class Counter(Protocol):
    """How many requests a run has used."""

    async def count(self, run_id: UUID, requests: int) -> None:
        """Add to it."""
