"""Retry of a run that left something: a new run that does only what is left.

A run reads Halo before it plans, so what the first one did is `unchanged` in the second and costs no request. What has
to be decided is only whether a second one is what a person can have meant.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from halosync.domain.acts import Actor
from halosync.domain.run_order import RunOrder
from halosync.domain.run_sentences import NoRun
from halosync.domain.states import RunState
from halosync.ports.run_start import (
    NoRunError,
    NothingLeftError,
    OutdatedRunError,
    RunInProgressError,
)
from halosync.ports.run_views import RunView
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES
from halosync.store.run_start import start_run
from halosync.store.run_views import run_view

AS_BEFORE = RunOrder()
"""Approves and accepts nothing besides what the first run was approved."""


@dataclass(frozen=True)
class RunRetries:
    """Starts runs that do what earlier ones left, for the operator's command and the API."""

    pool: Pool

    async def retry(
        self, run_id: UUID, order: RunOrder = AS_BEFORE, *, by: Actor, partner_id: str | None = None
    ) -> UUID:
        """Start a new run for the invoice of a run that has ended, and return its id.

        Arguments and errors: the Protocol in `report_api.stores`.
        """
        async with self.pool.acquire() as connection, connection.transaction():
            run = await run_view(connection, run_id, partner_id)
            if run is None:
                raise NoRunError(str(run_id))
            if not run.state.is_final:
                raise RunInProgressError(run_id)
            approved = order.approve_removals is not None or order.approve_review is not None
            since = None if run.mode.undoes else await QUERIES.done_since(connection, run_id=run_id)
            _must_have_left_something(run, since, approved=approved)
            if not run.mode.undoes and not await QUERIES.is_current(
                connection, partner_id=run.partner_id, run_id=run_id
            ):
                newest = await QUERIES.newest_invoice(connection, partner_id=run.partner_id)
                newer = newest or {"invoice_id": None, "revision": None}
                raise OutdatedRunError(run.invoice_id, newer["invoice_id"], newer["revision"])
            anew = replace(
                order,
                mode=run.mode,
                invoice_id=None if run.mode.undoes else run.invoice_id,
                undoes=run.undoes,
                approve_removals=_removals_left(run) if order.approve_removals is None else order.approve_removals,
                approve_review=run.approve_review if order.approve_review is None else order.approve_review,
                allow_older=True,  # whoever started the first one has
            )
            return await start_run(connection, run.partner_id, anew, by=by, retry_of=run_id, carried_over=not approved)


def _removals_left(run: RunView) -> int | None:
    """Return how many removals a run was approved to make and has not made; None: it was not asked."""
    return None if run.approve_removals is None else max(run.approve_removals - run.counters.deleted, 0)


def _must_have_left_something(run: RunView, done_since: UUID | None, *, approved: bool) -> None:
    if not run.mode.writes:
        raise NothingLeftError(NoRun.PREVIEW)
    if run.state is RunState.SUCCEEDED:
        raise NothingLeftError(NoRun.SUCCEEDED)
    if done_since is not None:
        raise NothingLeftError(NoRun.DONE_SINCE, run_id=done_since)
    if run.state is RunState.PARTIAL and not run.counters.failed and not approved:
        raise NothingLeftError(NoRun.HELD, held=run.counters.held)
