"""What the writer's use cases need of the world; `composition` names who fulfils it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from halosync.domain.array_size import ArraySize
from halosync.domain.model import NamedState
from halosync.ports.batch_work import AppliedAction, BatchAtWork, FailedAction, HaloAnswer, OpenAction
from halosync.ports.licence_write import LicenceWrite, StoredLicence
from halosync.ports.permits import Counter, Limiter
from halosync.ports.reads import HaloLists
from halosync.ports.tokens import TokenSource

from halo_writer.in_flight import InFlight


class Actions(Protocol):
    """The rows of actions and batches; see `ActionStore`.

    `marks` are actions by item, each with the number of the mark that is meant: of an action that has been marked anew
    since, nothing changes. Times are seconds from now.
    """

    async def batch(self, batch_id: int) -> BatchAtWork | None:
        """Return a batch that is still to be worked on; None if it is done or unknown."""
        ...

    async def open_actions(self, batch_id: int) -> list[OpenAction]:
        """Return its actions that are not yet known to be done, in the plan's order."""
        ...

    async def known_licences(self, batch: BatchAtWork, client_id: int) -> set[int]:
        """Return the licences that a client has for all that is known, without those that this run removes."""
        ...

    async def ever_known(self, batch: BatchAtWork, licence_ids: Sequence[int]) -> set[int]:
        """Return which of these the tenant had for all that is known, also what is removed or being removed."""
        ...

    async def created_names(self, batch: BatchAtWork, client_id: int) -> list[str]:
        """Return what all licences are to be called that the run creates for a client."""
        ...

    async def knows_licences(self, batch: BatchAtWork) -> bool:
        """Tell whether any client of the tenant has one."""
        ...

    async def look_again(self, marks: dict[int, int], *, settle_s: float) -> None:
        """Look once more after `settle_s`: Halo does not show what it should."""

    async def mark_sending(
        self, item_ids: Sequence[int], *, worker: str, send_s: float, answer_s: float, settle_s: float
    ) -> dict[int, int]:
        """Commit the mark of those that still wait, and return its number for each.

        A request is sent within `send_s` or not at all, takes `answer_s` at most, and may be applied up to `settle_s`
        after its end.
        """
        ...

    async def unmark(self, marks: dict[int, int], *, charged: bool) -> None:
        """Put actions back to waiting, of which surely nothing was applied; `charged` counts the attempt."""

    async def mark_unknown(
        self,
        marks: dict[int, int],
        *,
        settle_s: float,
        answer: HaloAnswer | None = None,
        licence_ids: Mapping[int, int] = ...,
    ) -> None:
        """Say that nobody knows their outcome; they are looked up after `settle_s`, 0 where Halo has answered.

        `licence_ids`, by item, are those that the answer names.
        """

    async def note_failures(self, batch_id: int, failures: int) -> None:
        """Keep how often in a row the batch could not be sent."""

    async def note_refused_token(self, batch_id: int, generation: int) -> None:
        """Keep which token Halo answered with 401."""

    async def note_success(self, batch_id: int) -> None:
        """Forget the failures that went before: Halo has taken a request of the batch."""

    async def refuse(
        self,
        batch: BatchAtWork,
        marks: dict[int, int],
        named: Sequence[int],
        *,
        settle_s: float = 0.0,
        answer: HaloAnswer | None = None,
    ) -> None:
        """Keep that Halo refused the array and the items that it named; all of it is in doubt.

        What of the batch was not in the array goes on as a batch of its own.
        """

    async def withdraw(self, batch: BatchAtWork) -> None:
        """Take back what a stopping run has not sent."""

    async def redeliver_later(self, batch_id: int, wait_s: float) -> None:
        """Keep when the batch's message comes back, so that it is missed when it is lost."""

    async def adopt(self, action: OpenAction, licence_id: int, was: NamedState | None = None) -> None:
        """Turn a create that found a licence of its name into an update of that licence.

        `was` is what that was, where somebody else has made it.
        """

    async def record(
        self,
        batch: BatchAtWork,
        applied: Sequence[AppliedAction],
        failed: Sequence[FailedAction] = (),
        *,
        requests: int = 0,
    ) -> None:
        """Record results; with the last one the batch is done, the next ones are issued, and the run may end.

        Args:
            batch: what was worked on.
            applied: what Halo has applied.
            failed: what it has not, for good.
            requests: how many requests to Halo this took that `Counter` was not told of; it need not be.
        """

    async def split(self, batch: BatchAtWork, parts: Sequence[dict[int, int]]) -> None:
        """Replace a refused batch by batches of its parts (marks), which are with the writers at once."""

    async def lose_connection(self, batch: BatchAtWork, code: str, error: str) -> None:
        """End the run as failed because its connection is lost, once what is being sent is known."""

    async def close_if_done(self, batch: BatchAtWork) -> None:
        """Close a batch that has nothing open left."""


class LicenceWrites(Protocol):
    """What changes Halo; every call is one request, with a permit and under a committed mark. See `HaloWriter`."""

    @property
    def total_timeout_s(self) -> float:
        """The longest that a request takes, in seconds."""
        ...

    async def post(self, tenant: str, token: str, writes: Sequence[LicenceWrite]) -> list[StoredLicence | None]:
        """Send an array; return what the answer says of each element, None where it says nothing.

        Raises:
            HaloFailure: refused, or its outcome is unknown.
        """
        ...

    async def delete(self, tenant: str, token: str, licence_id: int) -> bool:
        """Delete a licence; return whether the answer shows that it is gone.

        Raises:
            HaloFailure: refused, or its outcome is unknown.
        """
        ...


class ArraySizes(Protocol):
    """How large arrays may be, as learnt for each tenant; see `ArraySizeStore`."""

    async def learnt(self, tenant: str) -> ArraySize | None:
        """Return what was learnt; None if nothing was."""
        ...

    async def learn_first(self, tenant: str, size: ArraySize) -> None:
        """Remember the first size that worked; what was learnt since stays."""

    async def begin_trial(self, tenant: str, size: ArraySize, *, trial_s: float) -> bool:
        """Take the right to try a larger array, for `trial_s` seconds at most; False if another has it."""
        ...

    async def learn(self, tenant: str, size: ArraySize) -> None:
        """Remember it; a trial ends with that."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Everything outside of the writer's use cases.

    Attributes:
        in_flight: what keeps requests going whose handler is cancelled; to be finished when the process stops.
        clock: the process' own monotonic clock, in seconds: a deadline must not depend on any other.
    """

    actions: Actions
    tokens: TokenSource
    limiter: Limiter
    counter: Counter
    lists: HaloLists
    writes: LicenceWrites
    array_sizes: ArraySizes
    in_flight: InFlight = field(default_factory=InFlight)
    clock: Callable[[], float] = time.monotonic
