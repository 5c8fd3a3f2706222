"""`halosync purge` and `halosync partner remove`: what is no longer kept. Asked twice, then done in small pieces."""

from typing import Annotated

import typer

from halosync.cli.connections import with_database
from halosync.cli.output import Json, complain, emit_json, progress, require_answer, say
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.listing import counted
from halosync.ports.retention import Retired
from halosync.store.pool import Pool
from halosync.store.retention import RetentionStore

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def purge(
    months: Annotated[
        int,
        typer.Option("--older-than", min=1, metavar="MONTHS", help="How many whole months are kept besides this one."),
    ],
    partner: Annotated[str | None, typer.Option("--partner", metavar="PARTNER", help="Only of this partner.")] = None,
    *,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Purge the lines, items and batches of old months. It cannot be undone.

    What stays: each invoice and run with its counters, certificates, acceptances, links, settings, the audit log, and
    which licences in Halo are halosync's, so the next Sync does what it would have done before. The months of a
    partner's newest invoice and of its last Sync stay whole, however old. A partner with an open run is passed over.

    Example: halosync purge --older-than 24
    """
    require_answer(yes=yes, as_json=as_json)

    async def count(pool: Pool) -> Retired:
        return await RetentionStore(pool).retire_old(months, by=COMMAND_LINE, only=partner, pretend=True)

    async def work(pool: Pool) -> tuple[Retired, int]:
        store = RetentionStore(pool)
        retired = await store.retire_old(months, by=COMMAND_LINE, only=partner)
        return retired, await _empty(store, partner, quiet=as_json)

    if not yes:
        found = with_database(count)
        typer.confirm(
            f"Purge the details of {_how_many(found)}, older than {counted(months, 'month')}?",
            abort=True,
            err=True,
        )
        _ask_again("Type the number of months again", str(months))
    retired, rows = with_database(work)
    if as_json:
        emit_json({"invoices": retired.invoices, "runs": retired.runs, "rows": rows, "passed_over": retired.busy})
        return
    say(f"Purged the details of {_how_many(retired)}: {counted(rows, 'row')}.")
    if retired.busy:
        complain(f"passed over, because a run goes on or an invoice is coming in: {', '.join(retired.busy)}")


def remove(
    partner_id: Annotated[str, typer.Argument(metavar="PARTNER", help="The partner.")],
    *,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Remove a partner with its data. It cannot be undone, and nothing in Halo is changed.

    What stays: its audit log, dead letters, the ids of its messages, and the request limit of its Halo. So its id
    cannot be used again.

    Refused while a run of it is open or its Halo is connected. It is paused first; should the command be ended before
    it is through, repeat it.

    Example: halosync partner remove acme-msp
    """
    require_answer(yes=yes, as_json=as_json)

    async def check(pool: Pool) -> str:
        return await RetentionStore(pool).check_removal(partner_id)

    async def work(pool: Pool) -> tuple[Retired, int]:
        store = RetentionStore(pool)
        retired = await store.prepare_removal(partner_id, by=COMMAND_LINE)
        rows = await _empty(store, partner_id, quiet=as_json)
        await store.remove(partner_id, retired, by=COMMAND_LINE)
        return retired, rows

    name = with_database(check)
    if not yes:
        typer.confirm(f'Remove {partner_id} ("{name}") with all its invoices and runs?', abort=True, err=True)
        _ask_again("Type its id again", partner_id)
    retired, rows = with_database(work)
    removed = {"partner_id": partner_id, "invoices": retired.invoices, "runs": retired.runs, "rows": rows}
    if as_json:
        emit_json(removed)
    else:
        say(f"Removed {partner_id}: {_how_many(retired)}, {counted(rows, 'row')} of them.")


async def _empty(store: RetentionStore, partner_id: str | None, *, quiet: bool) -> int:
    rows = 0
    with progress(quiet=quiet) as bar:
        task = bar.add_task("rows", total=None)
        while (gone := await store.empty(only=partner_id)) is not None:
            rows += gone
            bar.update(task, completed=rows)
    return rows


def _ask_again(question: str, wanted: str) -> None:
    if typer.prompt(question, err=True).strip() != wanted:
        complain("that is something else; nothing was done")
        raise typer.Exit(1)


def _how_many(retired: Retired) -> str:
    return f"{counted(retired.invoices, 'invoice')} and {counted(retired.runs, 'run')}"
