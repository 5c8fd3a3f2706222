"""Following a run until it ends, and saying how it ended."""

import asyncio
from uuid import UUID

from rich.progress import Progress

from halosync.cli.failures import CommandError
from halosync.cli.run_refusal import why_no_run
from halosync.domain.listing import counted
from halosync.domain.states import RunState
from halosync.ports.run_start import NoRunError
from halosync.ports.run_views import RunView
from halosync.store.run_views import RunViews

POLL_S = 0.5
SUCCESS = frozenset({RunState.SUCCEEDED, RunState.PREVIEWED})
_TOLD = (
    *("run_id", "partner_id", "invoice_id", "revision", "mode", "undoes", "state", "requested_by"),
    *("created_at", "started_at", "finished_at", "error_code", "error", "halo_requests"),
)


async def follow(runs: RunViews, run_id: UUID, bar: Progress) -> RunView:
    """Return the run once it has ended, showing its progress until then.

    Raises:
        CommandError: there is no such run.
    """
    task = bar.add_task("looking", total=None)
    while True:
        run = await runs.get(run_id)
        if run is None:
            raise CommandError(why_no_run(NoRunError(str(run_id))))
        counts = run.counters
        # Before the plan is stored nobody knows how much there is to do.
        bar.update(task, description=run.state, total=counts.total or None, completed=counts.total - counts.pending)
        if run.state.is_final:
            return run
        await asyncio.sleep(POLL_S)


def as_json_value(run: RunView) -> dict[str, object]:
    """Return a run for programs; the names are those of the report API (spec section 7)."""
    return {**{name: getattr(run, name) for name in _TOLD}, "counters": run.counters.model_dump()}


def summary(run: RunView) -> str:
    """Say how a run ended and what it did."""
    counts = run.counters
    done = f"{counts.created} created, {counts.updated} updated, {counts.deleted} deleted, {counts.unchanged} unchanged"
    rest = f"{counts.skipped} skipped, {counts.held} held, {counts.failed} failed, {counts.pending} pending"
    requests = counted(run.halo_requests, "request")
    sentences = [
        f"Run {run.run_id} of {run.partner_id} for {run.invoice_id} revision {run.revision}: {run.state}.",
        f"{counted(counts.total, 'item')}: {counts.synced} synced ({done}), {rest}; {requests} to Halo.",
    ]
    if run.error:
        sentences.append(run.error)
    if counts.failed or run.state in {RunState.FAILED, RunState.CANCELLED}:
        sentences.append(f"What is left is done with: halosync run retry {run.run_id}")
    if counts.held:
        sentences.append(
            "What is held is released with: halosync run start --approve-removals N, or --approve-review N for what "
            "waits for the first review"
        )
    return "\n".join(sentences)
