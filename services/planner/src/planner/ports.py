"""What the planner's use cases need of the world; `composition` names who fulfils it."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from halosync.contracts.checked_line import CheckedLine
from halosync.contracts.invoice import InvoiceHeader
from halosync.contracts.invoice_checks import InvalidInvoiceError, LineChecker
from halosync.domain.batching import Batch
from halosync.domain.completeness import Pages
from halosync.domain.guard import Comparison
from halosync.domain.model import Client, SeenLicence
from halosync.domain.plan import Plan, PlanInput, PlanSettings
from halosync.domain.review_choices import ReviewOutlook
from halosync.ports.conformance import Conformance
from halosync.ports.connections import ConnectionView
from halosync.ports.permits import Counter, Limiter, Rate
from halosync.ports.reads import HaloLists, HaloPage, PageSizes, ReadProgress
from halosync.ports.run_claim import ClaimedRun
from halosync.ports.tokens import TokenSource

LinesOf = Callable[[LineChecker], AsyncIterator[Sequence[CheckedLine]]]
"""Yields an invoice's lines, some at a time, each checked; raises `InvalidInvoiceError` at the first that cannot be."""


class Invoices(Protocol):
    """Where invoices are kept; see `InvoiceStore`."""

    async def take_in(self, header: InvoiceHeader, lines: LinesOf) -> bool:
        """Store an invoice with its lines; False if this event was taken in before.

        Raises:
            InvalidInvoiceError: header, lines or control totals do not fit; nothing is stored.
        """
        ...

    async def reject(self, error: InvalidInvoiceError, body: bytes) -> None:
        """Answer an invoice that could not be taken in; `body` is the message."""


class FetchFailedError(Exception):
    """The host of a `lines_url` did not answer properly this time; it is worth trying again."""


class LinesSource(Protocol):
    """Where the lines of a big invoice are; see `LinesFetcher`."""

    def fetched(self, header: InvoiceHeader) -> AbstractAsyncContextManager[LinesOf]:
        """Fetch the lines of `lines_url`; the block reads them from what was fetched.

        Raises:
            InvalidInvoiceError: the address is not allowed, holds too much, or nothing.
            FetchFailedError: its host failed; it is worth trying again.
            NoPlaceError: others are being fetched; it is to come again.
        """
        ...


class OwedRuns(Protocol):
    """Runs that `auto_sync` owes; see `RunStore`."""

    async def start_wanted(self, partner_id: str) -> object:
        """Start the run that is owed to the partner, if one is, and if it can run now."""


class Runs(Protocol):
    """Runs while a planner works on them; `claim` is the planner's own for this run. See `RunWork`."""

    async def claim(self, run_id: UUID, claim: UUID) -> ClaimedRun | None:
        """Claim a run, or claim it anew; None if it has ended, is being written, or is another planner's."""
        ...

    async def release(self, run_id: UUID, claim: UUID, *, attempts: int, wait_s: float) -> None:
        """Give the run back; its next turn comes in `wait_s` seconds. A lost claim changes nothing."""

    async def planning(self, run_id: UUID, claim: UUID) -> bool:
        """Say that the read is complete, and hold the run anew; False if the claim is lost."""
        ...

    async def fail(self, run_id: UUID, claim: UUID, code: str, error: str, *, missing: int | None = None) -> None:
        """End the run as failed, with a sentence for people; nothing was written. A lost claim changes nothing.

        `missing`: how many known licences its read lacked, where that is why.
        """


class Plans(Protocol):
    """Where plans come from and go to; see `PlanStore`."""

    async def settings(self, partner_id: str) -> PlanSettings:
        """Return the partner's settings that shape a plan."""
        ...

    async def rows(self, read: ReadProgress, invoice_pk: int) -> int:
        """Return how many lines, clients and licences a plan is made from."""
        ...

    async def inputs(
        self,
        read: ReadProgress,
        invoice_pk: int,
        *,
        approve_removals: int | None = None,
        approve_review: int | None = None,
    ) -> PlanInput:
        """Load all that a plan depends on, as one consistent picture."""
        ...

    async def store(
        self,
        read: ReadProgress,
        claim: UUID,
        settings: PlanSettings,
        plan: Plan,
        batches: Sequence[Batch],
        *,
        apply: bool,
        review: Sequence[ReviewOutlook] = (),
    ) -> None:
        """Store a plan and order the writers to work; one that is not to be applied ends its run.

        `review` is what the same Sync would do under each choice of the first review.

        Raises:
            LostClaimError: another planner has the run; nothing was stored.
        """


class Reads(Protocol):
    """Reads of Halo under way; see `ReadStore`."""

    async def begin(self, read_id: UUID, partner_id: str, tenant: str) -> ReadProgress:
        """Begin a read, or say how far it is."""
        ...

    async def save_clients(
        self, progress: ReadProgress, pages: Pages, page: HaloPage[Client], most: int
    ) -> ReadProgress:
        """Keep a page of clients, and return how far the read is now.

        `pages` is what was known when the page was asked for, `most` the largest page to ask for.

        Raises:
            IncompleteReadError: the page contradicts those before it; nothing was kept.
            ReadTakenOverError: another process has read on.
        """
        ...

    async def save_licences(
        self, progress: ReadProgress, pages: Pages, page: HaloPage[SeenLicence], most: int
    ) -> ReadProgress:
        """Keep a page of licences; as `save_clients`.

        A list that ignores the number of the page is begun client by client.
        """
        ...

    async def restart(self, progress: ReadProgress) -> int:
        """Throw the rows away and begin again; return how often that has happened.

        Raises:
            ReadTakenOverError: another process has restarted it.
        """
        ...


class Snapshots(Protocol):
    """What is known of a partner's Halo; see `ReadStore`."""

    async def context(self, partner_id: str) -> tuple[str, Rate | None] | None:
        """Return the partner's tenant and own limit, None for the usual one; None if it is not connected."""
        ...

    async def wanted(self, partner_id: str, read_id: UUID) -> bool:
        """Tell whether somebody still waits for this refresh; it counts as worked on then."""
        ...

    async def compare(self, progress: ReadProgress) -> Comparison:
        """Compare a complete read with what is known of the same tenant."""
        ...

    async def keep_as_snapshot(self, progress: ReadProgress) -> None:
        """Make a complete read the snapshot, unless a run has written since it began."""

    async def forget(self, read_id: UUID) -> None:
        """Drop a read that is of no more use."""


class Connections(Protocol):
    """Connections as partners see them; see `ConnectionStore`."""

    async def view(self, partner_id: str) -> ConnectionView:
        """Return where the partner's connection stands."""
        ...


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Everything outside of the planner's use cases.

    Attributes:
        sample_lists: as `lists`, in pages of a few rows: enough to see that they are clients and licences.
        conformance: looks what a Halo does with what halosync depends on.
        passing: failures of the above that go away by themselves, such as a database that is away.
        clock: the process' own monotonic clock, in seconds.
    """

    invoices: Invoices
    lines: LinesSource
    owed_runs: OwedRuns
    runs: Runs
    plans: Plans
    reads: Reads
    page_sizes: PageSizes
    snapshots: Snapshots
    connections: Connections
    tokens: TokenSource
    limiter: Limiter
    counter: Counter
    lists: HaloLists
    sample_lists: HaloLists
    conformance: Conformance
    passing: tuple[type[Exception], ...]
    clock: Callable[[], float] = time.monotonic
