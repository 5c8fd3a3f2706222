"""What the command prints: tables and sentences for people, one JSON value for programs, complaints on stderr."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

_WIDTH_WITHOUT_TERMINAL = 200
"""In a pipe there is no width to fit into; ids must not be broken into pieces."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value for programs instead of a table.")]
"""The option that every subcommand has."""


def require_answer(*, yes: bool, as_json: bool) -> None:
    """Refuse to ask where nobody can answer.

    Raises:
        typer.BadParameter: the answer goes to a program, and `--yes` was not given.
    """
    if as_json and not yes:
        raise typer.BadParameter("--json cannot ask: add --yes")


def emit_json(value: object) -> None:
    """Print one JSON value: the only thing on standard output. Decimals and times are strings."""
    typer.echo(to_json(value, indent=2).decode())


def say(text: str) -> None:
    """Print a sentence for people."""
    typer.echo(visible(text))


def complain(text: str) -> None:
    """Print what is wrong, and what to do, on standard error."""
    typer.echo(f"halosync: {visible(text)}", err=True)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print a table, or the sentence `empty` when there are no rows."""
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    if table.row_count:
        width = None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
        Console(file=sys.stdout, width=width).print(table)
    else:
        typer.echo(empty)


def _cell(value: object) -> Text:
    """Show a value as it is: in a Text, brackets are no markup."""
    if value is None:
        return Text("-", style="dim")
    if isinstance(value, datetime):
        return Text(f"{value:%Y-%m-%d %H:%M:%S}Z")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text(visible(str(value)), overflow="fold")


def visible(text: str) -> str:
    """Replace control characters: text from a broken sender must not steer the operator's terminal."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def progress(*, quiet: bool) -> Progress:
    """Return a progress bar on standard error; `quiet`, or an output that is no terminal, shows none."""
    console = Console(file=sys.stderr)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
    )
