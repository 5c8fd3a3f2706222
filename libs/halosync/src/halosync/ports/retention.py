"""What is no longer kept: old months, old previews, a whole partner (spec section 12, "Retention")."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Retired:
    """What was retired: nobody sees it any more, and it is deleted in pieces.

    Attributes:
        invoices: so many whose lines go.
        runs: so many whose items and batches go.
        busy: partners that were passed over, because a run of theirs goes on or an invoice is being taken in.
    """

    invoices: int = 0
    runs: int = 0
    busy: tuple[str, ...] = ()

    def __add__(self, other: "Retired") -> "Retired":
        return Retired(self.invoices + other.invoices, self.runs + other.runs, self.busy + other.busy)


class NotRemovableError(RuntimeError):
    """A partner cannot be removed as it is; the text says why, and what to do."""


class StillConnectedError(NotRemovableError):
    """Its Halo is connected."""

    def __init__(self, partner_id: str) -> None:
        super().__init__(f"the Halo of {partner_id} is connected: first `halosync connection disconnect {partner_id}`")


class OpenRunError(NotRemovableError):
    """A run of it goes on."""

    def __init__(self, run_id: UUID) -> None:
        super().__init__(f"a run of it goes on: wait for its end, or `halosync run cancel {run_id}`, then repeat it")


class SharedHaloError(NotRemovableError):
    """Another partner cleans up in the same Halo: it would take this one's licences for nobody's."""

    def __init__(self, other: str) -> None:
        super().__init__(
            f"{other} is, or was, connected to the same Halo, and its clean-up would remove the licences that halosync "
            f"no longer knows as this partner's: first set `cleanup` of {other} to `owned`"
        )
