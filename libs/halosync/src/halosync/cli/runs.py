"""`halosync run`: start runs, retry what one left, undo, watch, show and cancel one, list them."""

from typing import Annotated
from uuid import UUID

import typer

from halosync.cli.connections import with_database
from halosync.cli.failures import CommandError
from halosync.cli.output import Json, emit_json, progress, say, show_table
from halosync.cli.run_refusal import why_no_run
from halosync.cli.run_starts import retry, start, undo
from halosync.cli.run_watch import SUCCESS, as_json_value, follow, summary
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.listing import are, counted
from halosync.ports.run_start import NoRunError
from halosync.ports.run_views import RunView
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool
from halosync.store.run_views import RunViews
from halosync.store.runs import RunStore

app = typer.Typer(help="Runs: start, retry, undo, watch, show, cancel and list them.", no_args_is_help=True)

# Their order is the one of `--help`.
for _name, _command in (("start", start), ("retry", retry), ("undo", undo)):
    app.command(_name)(_command)


@app.command("watch")
def watch(
    run_id: Annotated[UUID, typer.Argument(metavar="RUN_ID", help="The id shown by `halosync run start`.")],
    *,
    as_json: Json = False,
) -> None:
    """Follow a run until it ends. Exit code 0 when it succeeded or is a finished preview, else 1.

    Example: halosync run watch 3f2a77c0-5d7e-4a3c-9c1a-2f6f3b1d9e10
    """

    async def follow_run(pool: Pool) -> RunView:
        with progress(quiet=as_json) as bar:
            return await follow(RunViews(pool), run_id, bar)

    run = with_database(follow_run)
    if as_json:
        emit_json(as_json_value(run))
    else:
        say(summary(run))
    if run.state not in SUCCESS:
        raise typer.Exit(1)


@app.command("show")
def show(
    run_id: Annotated[UUID, typer.Argument(metavar="RUN_ID", help="The id shown by `halosync run list`.")],
    *,
    as_json: Json = False,
) -> None:
    """Show where a run stands, and how it ended.

    Example: halosync run show 3f2a77c0-0b57-4d5e-9a45-6f1f6c1f9a10
    """
    run = with_database(lambda pool: _known(pool, run_id))
    if as_json:
        emit_json(as_json_value(run))
    else:
        say(summary(run))


@app.command("cancel")
def cancel(
    run_id: Annotated[UUID | None, typer.Argument(metavar="RUN_ID", help="A run that has not ended.")] = None,
    *,
    everyone: Annotated[bool, typer.Option("--all", help="Every run that has not ended, of all partners.")] = False,
    as_json: Json = False,
) -> None:
    """Cancel a run: what is not yet sent to Halo is not sent. What was sent stays.

    With --all: every run, as a restored database needs before its writers start.

    Example: halosync run cancel 3f2a77c0-0b57-4d5e-9a45-6f1f6c1f9a10
    """
    if (run_id is None) is not everyone:
        raise typer.BadParameter("give either RUN_ID or --all")

    async def ask(pool: Pool) -> bool:
        run = await _known(pool, run_id)
        return await RunStore(pool).cancel(run.partner_id, run.run_id, by=COMMAND_LINE)

    async def ask_all(pool: Pool) -> list[UUID]:
        store, found = RunStore(pool), await RunViews(pool).open()
        return [run.run_id for run in found if await store.cancel(run.partner_id, run.run_id, by=COMMAND_LINE)]

    if everyone:
        cancelled = with_database(ask_all)
        if as_json:
            emit_json({"cancelled": cancelled})
        else:
            say(f"{counted(len(cancelled), 'run')} {are(len(cancelled))} cancelled.")
        return
    asked = with_database(ask)
    if as_json:
        emit_json({"run_id": run_id, "cancelled": asked})
    elif asked:
        say(f"Run {run_id} is cancelled. Next: halosync run show {run_id}")
    else:
        say(f"Run {run_id} has ended already.")


async def _known(pool: Pool, run_id: UUID | None) -> RunView:
    run = None if run_id is None else await RunViews(pool).get(run_id)
    if run is None:
        raise CommandError(why_no_run(NoRunError(str(run_id))))
    return run


@app.command("list")
def list_runs(
    partner: Annotated[str | None, typer.Option("--partner", metavar="PARTNER", help="Only this partner's.")] = None,
    most: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=10_000, help="How many at most.")] = 50,
    *,
    as_json: Json = False,
) -> None:
    """List the newest runs.

    Example: halosync run list
    """

    async def read(pool: Pool) -> list[RunView]:
        if partner is not None:
            await PartnerStore(pool).must_exist(partner)
        views = RunViews(pool)
        return list(await views.of_all(most) if partner is None else await views.of_partner(partner, most=most))

    runs = with_database(read)
    if as_json:
        emit_json([as_json_value(run) for run in runs])
        return
    show_table(
        ["run", "partner", "invoice", "mode", "state", "total", "synced", "skipped", "held", "failed", "created"],
        [_row(run) for run in runs],
        empty="No runs yet. Next: halosync run start PARTNER",
    )


def _row(run: RunView) -> list[object]:
    counts = run.counters
    numbers = [counts.total, counts.synced, counts.skipped, counts.held, counts.failed]
    invoice = f"{run.invoice_id} r{run.revision}"
    return [run.run_id, run.partner_id, invoice, run.mode, run.state, *numbers, run.created_at]
