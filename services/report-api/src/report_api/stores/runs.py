"""Runs, their items, and what a plan would change."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from halosync.domain.acts import Actor
from halosync.domain.model import Action, Outcome
from halosync.domain.preview_kinds import PreviewKind
from halosync.domain.review_choices import ReviewOutlook
from halosync.domain.run_order import RunMode, RunOrder, SeenChange
from halosync.ports.item_views import ItemCounts, ItemFilter, ItemOrder, ItemView
from halosync.ports.previews import CustomerChanges, CustomerSort, PreviewFilter
from halosync.ports.reviews import ReviewGroup
from halosync.ports.run_views import Cost, RunEffort, RunSort, RunView
from halosync.ports.sort_order import SortOrder


class ItemViews(Protocol):
    """The items of a run, in the plan's order; see `store.item_views`."""

    async def page(
        self, run_id: UUID, wanted: ItemFilter, *, after: int | None = None, skip: int = 0, most: int
    ) -> Sequence[ItemView]:
        """Return at most `most` items that fit, those behind the `seq` `after`, or behind `skip` others that fit."""
        ...

    async def sorted_page(
        self, run_id: UUID, wanted: ItemFilter, order: ItemOrder, *, skip: int, most: int
    ) -> Sequence[ItemView]:
        """Return at most `most` items that fit, behind `skip` others, in another order than the plan's."""
        ...

    async def counts(self, run_id: UUID, q: str | None) -> ItemCounts:
        """Return how many items have each outcome and action, of those with `q` in a name, code or reason."""
        ...

    async def unfinished(self, run_id: UUID) -> Mapping[Outcome, Mapping[str | None, int]]:
        """Return why items of a run failed, why others are held, and how many, the most frequent reason first."""
        ...


class Previews(Protocol):
    """What one plan would change; see `PreviewStore`.

    Pages begin behind `skip` rows and hold at most `most`.
    """

    async def counts(self, run_id: UUID, customer: str | None = None) -> Mapping[PreviewKind, int]:
        """Return how many items are of each kind, of one customer or of all."""
        ...

    async def costs(self, run_id: UUID) -> Mapping[PreviewKind, Sequence[Cost]]:
        """Return what the licences that change or are held cost before and after, by kind and billing cycle, exactly.

        In the currency of the invoice and not rounded; `RunViews.costs` has the sums over all licences.
        """
        ...

    async def customers(
        self, run_id: UUID, order: SortOrder[CustomerSort] | None = None, *, skip: int, most: int
    ) -> tuple[Sequence[CustomerChanges], int]:
        """Return a page of customers, unsorted those that lose licences first, and how many there are in all."""
        ...

    async def items(self, run_id: UUID, chosen: PreviewFilter, *, skip: int = 0, most: int) -> Sequence[ItemView]:
        """Return at most `most` items that fit, behind `skip` others."""
        ...


class Reviews(Protocol):
    """What one run holds for the first review; see `ReviewStore`."""

    async def groups(self, run_id: UUID) -> Sequence[ReviewGroup]:
        """Return what waits, new prices first; a group without items is left out."""
        ...

    async def examples(self, run_id: UUID, action: Action, most: int) -> Sequence[ItemView]:
        """Return those that waiting items would change most, in money."""
        ...

    async def outlooks(self, run_id: UUID) -> Sequence[ReviewOutlook]:
        """Return what the same Sync would do under each choice; nothing if nothing waited when it was planned."""
        ...


class RunViews(Protocol):
    """Runs, newest first where there are several; see `store.run_views`."""

    async def get(self, run_id: UUID, partner_id: str | None = None) -> RunView | None:
        """Return a run; None if there is none of that id, or it is not this partner's."""
        ...

    async def is_purged(self, run_id: UUID) -> bool:
        """Tell whether a run is so old that its items are no longer kept; its counters are."""
        ...

    async def undone_by(self, run_id: UUID) -> UUID | None:
        """Return the undo that has put back what a run did; None: none has, or it was undone itself."""
        ...

    async def of_partner(
        self,
        partner_id: str,
        *,
        mode: RunMode | None = None,
        after: tuple[datetime, UUID] | None = None,
        skip: int = 0,
        most: int,
    ) -> Sequence[RunView]:
        """Return runs, mode None: of both modes. `after` is a `created_at` and `run_id`, `skip` a number of runs."""
        ...

    async def sorted(
        self, partner_id: str, order: SortOrder[RunSort], *, mode: RunMode | None = None, skip: int = 0, most: int
    ) -> Sequence[RunView]:
        """Return runs in an order, behind `skip` others; those that are equal there stand newest first."""
        ...

    async def newest(self, partner_id: str, mode: RunMode | None = None) -> RunView | None:
        """Return the newest run; None before the first."""
        ...

    async def mode_counts(self, partner_id: str) -> Mapping[RunMode, int]:
        """Return how many runs of each mode there are; a mode without runs counts 0."""
        ...

    async def costs(self, run_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[Cost]]:
        """Return what each run's licences cost before and after it, by billing cycle, rounded to cents.

        Amounts after it are in the currency of the run's invoice, those before in its `before_currency`. A run that is
        not named has none.
        """
        ...

    async def effort(self, run_id: UUID) -> RunEffort | None:
        """Return what is left of a run and what limits it; None if there is none of that id."""
        ...


class Runs(Protocol):
    """Starts and cancels runs; see `RunStore`."""

    async def request(self, partner_id: str, order: RunOrder, *, by: Actor) -> UUID:
        """Start a run and return its id.

        Raises:
            SeenChangedError: what the order says was seen does not hold any more.
            NoInvoiceError: there is no such invoice.
            OlderPeriodError: it is older than what counts now.
            SeveralInvoicesError: nobody has said which invoices of its month count.
            EmptyInvoiceError: it has no lines.
            NotConnectedError: the partner's Halo is not connected.
            PausedError: an operator has paused the partner.
            RunInProgressError: another run of the partner, or the one to undo, has not ended.
            NoRunError: there is no run to undo, or none whose items are approved.
            NothingToUndoError, OtherTenantError: that run cannot be undone.
            NotHeldError: not all approved items are held.
        """
        ...

    async def changed_since(self, partner_id: str, run_id: UUID) -> SeenChange | None:
        """Return why a page of this run does not hold any more, as `request` judges it; None if it does."""
        ...

    async def cancel(self, partner_id: str, run_id: UUID, *, by: Actor) -> bool:
        """Ask a run to stop: what is not yet sent is not sent. False if it has already ended.

        Raises:
            NoRunError: the partner has no such run.
        """
        ...


class RunRetries(Protocol):
    """Starts runs that do what earlier ones left; see `store.run_retries`."""

    async def retry(self, run_id: UUID, order: RunOrder = ..., *, by: Actor, partner_id: str | None = None) -> UUID:
        """Start a new run for the invoice of a run that has ended, and return its id.

        Args:
            run_id: the run that left something: failed, cancelled, or partial with failed items.
            order: what it approves and accepts; mode and invoice are those of the run. Removals: None carries over what
                the first run was approved and did not use. Review: None carries over what the first run was approved:
                it may not have come to its plan. A shorter read is never accepted anew: the next read is another one.
            by: who asks.
            partner_id: whose run it must be; None for any partner's.

        Raises:
            NoRunError: there is no such run.
            RunInProgressError: the run, or another one of its partner, has not ended.
            NothingLeftError: it would do nothing.
            OutdatedRunError: its invoice is superseded, or a newer one has come.
            EmptyInvoiceError, NotConnectedError: as `start_run`.
        """
        ...
