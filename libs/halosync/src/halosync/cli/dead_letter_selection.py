"""Choosing dead letters on the command line: by number, or by queue and reason, never by accident all of them."""

from collections.abc import Sequence
from typing import Annotated

import typer

from halosync.cli.failures import CommandError
from halosync.store.dead_letters import DeadLetterStore, Selection
from halosync.store.pool import Pool

Ids = Annotated[
    list[int] | None,
    typer.Argument(metavar="[ID]...", min=1, max=2**63 - 1, help="Numbers shown by `dead-letters list --all`."),
]
OfQueue = Annotated[str | None, typer.Option("--queue", metavar="NAME", help="Only those of this queue.")]
OfReason = Annotated[
    str | None,
    typer.Option("--reason", metavar="TEXT", help="Only those whose reason contains this; # stands for any text."),
]
Everything = Annotated[bool, typer.Option("--all", help="All that are kept; with --queue or --reason it adds nothing.")]


def asked_for(
    ids: Sequence[int] | None, queue: str | None, reason: str | None, *, everything: bool
) -> Selection | None:
    """Return the selection, or None when numbers were given.

    Raises:
        typer.BadParameter: both ways were used, or none.
    """
    by_filter = queue is not None or reason is not None or everything
    if bool(ids) == by_filter:
        raise typer.BadParameter("say which: numbers, or --queue and --reason, or --all")
    return None if ids else Selection("kept", queue, reason)


async def chosen(pool: Pool, ids: Sequence[int] | None, selection: Selection | None) -> list[int]:
    """Return the numbers that are meant, oldest first.

    Raises:
        CommandError: a number that was given does not exist.
    """
    store = DeadLetterStore(pool)
    if selection is not None:
        return list(await store.numbers(selection))
    numbers = sorted(set(ids or ()))
    known = await store.known(numbers)
    for number in numbers:
        if number not in known:
            raise CommandError(f"there is no dead letter {number}; `halosync dead-letters list --all` shows them")
    return numbers
