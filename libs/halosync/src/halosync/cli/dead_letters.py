"""`halosync dead-letters`: what nobody could process (spec section 5.7): see it, correct it, replay or discard it."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import from_json

from halosync.cli.connections import with_both, with_database
from halosync.cli.dead_letter_selection import Everything, Ids, OfQueue, OfReason, asked_for, chosen
from halosync.cli.dead_letter_table import ShownState, in_full, json_body, show_causes, show_letters
from halosync.cli.failures import CommandError, told
from halosync.cli.invoice_check import read_file
from halosync.cli.output import Json, complain, emit_json, progress, require_answer, say
from halosync.cli.replay import Pace, Replayed, Replayer
from halosync.domain.listing import counted
from halosync.messaging.publisher import Publisher
from halosync.store.dead_letters import A_PAGE, DeadLetterStore, OpenedLetter, Selection
from halosync.store.pool import Pool

app = typer.Typer(help="Dead letters: list, show, replay and discard them.", no_args_is_help=True)


@app.command("list")
def list_letters(
    queue: OfQueue = None,
    reason: OfReason = None,
    state: Annotated[ShownState, typer.Option("--state", help="Which ones.")] = ShownState.KEPT,
    *,
    each: Annotated[bool, typer.Option("--all", help="Each one instead of one row for each cause.")] = False,
    most: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100_000, help="With --all: a page.")] = A_PAGE,
    after: Annotated[int, typer.Option("--after", metavar="ID", min=0, help="With --all: those behind it.")] = 0,
    as_json: Json = False,
) -> None:
    """List the dead letters by cause: their reason with ids and numbers blanked.

    Example: halosync dead-letters list --queue planner.invoice-ready.v1
    """
    selection = Selection(state.column, queue, reason)
    if each:
        letters = with_database(lambda pool: DeadLetterStore(pool).list(selection, after=after, most=most))
        emit_json(letters) if as_json else show_letters(letters)
        if len(letters) == most:
            complain(f"there may be more: --after {letters[-1].dead_letter_id}")
    else:
        causes = with_database(lambda pool: DeadLetterStore(pool).groups(selection))
        emit_json(causes) if as_json else show_causes(causes)


@app.command("show")
def show(
    number: Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1, help="Its number.")],
    *,
    as_json: Json = False,
) -> None:
    """Show a dead letter with its headers and its body.

    To correct the body: show ID --json | jq -r .body > FILE, edit FILE, replay ID --body FILE.

    Example: halosync dead-letters show 17
    """

    async def read(pool: Pool) -> OpenedLetter:
        letter = await DeadLetterStore(pool).show(number)
        if letter is None:
            raise CommandError(f"there is no dead letter {number}; `halosync dead-letters list --all` shows them")
        return letter

    letter = with_database(read)
    if as_json:
        emit_json(json_body(letter))
    else:
        say(in_full(letter))


@app.command("replay")
def replay(
    ids: Ids = None,
    queue: OfQueue = None,
    reason: OfReason = None,
    rate: Annotated[float, typer.Option("--rate", metavar="N", min=0.01, max=1000, help="At most N a second.")] = 20,
    body: Annotated[
        Path | None, typer.Option("--body", metavar="FILE", help="A corrected body, for one dead letter.")
    ] = None,
    *,
    everything: Everything = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell which ones.")] = False,
    as_json: Json = False,
) -> None:
    """Send dead letters back to the queues they died in. One that is replayed twice is sent once.

    Example: halosync dead-letters replay 17
    """
    selection = asked_for(ids, queue, reason, everything=everything)
    if body is not None and len(ids or ()) != 1:
        raise typer.BadParameter("--body replaces the body of one dead letter: give its number")
    with told():
        corrected = _corrected(body)
    if dry_run:
        numbers = with_database(lambda pool: chosen(pool, ids, selection))
        emit_json({"would_replay": numbers}) if as_json else say(f"Would replay {len(numbers)}: {numbers}")
        return

    async def work(pool: Pool, publisher: Publisher) -> Replayed:
        numbers = await chosen(pool, ids, selection)
        with progress(quiet=as_json) as bar:
            return await Replayer(DeadLetterStore(pool), publisher, Pace(rate), corrected).replay(numbers, bar)

    _tell(with_both(work), as_json=as_json)


def _corrected(file: Path | None) -> bytes | None:
    if file is None:
        return None
    contents = read_file(file)
    try:
        from_json(contents)
    except ValueError as error:
        raise CommandError(f"{file} is not JSON ({error}); no consumer would take it") from None
    return contents


def _tell(outcome: Replayed, *, as_json: bool) -> None:
    if as_json:
        emit_json(outcome)
    else:
        say(f"Replayed {len(outcome.replayed)}, skipped {len(outcome.skipped)} that are no longer kept.")
        for number, why in outcome.failed.items():
            complain(f"dead letter {number} stays kept: {why}")
        if outcome.not_tried:
            complain(f"gave up: RabbitMQ refuses; {len(outcome.not_tried)} were not tried")
    if outcome.failed:
        raise typer.Exit(1)


@app.command("discard")
def discard(
    ids: Ids = None,
    queue: OfQueue = None,
    reason: OfReason = None,
    *,
    everything: Everything = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Give up dead letters. Their rows stay, as `discarded`.

    Example: halosync dead-letters discard 17 --yes
    """
    selection = asked_for(ids, queue, reason, everything=everything)
    require_answer(yes=yes, as_json=as_json)
    numbers = with_database(lambda pool: chosen(pool, ids, selection))
    if numbers and not yes:
        typer.confirm(f"Discard {counted(len(numbers), 'dead letter')}?", abort=True, err=True)
    discarded = with_database(lambda pool: DeadLetterStore(pool).discard(numbers))
    emit_json({"discarded": discarded}) if as_json else say(f"Discarded {discarded}.")
