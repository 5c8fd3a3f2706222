"""The partner that a command is about: named behind the command, or by --partner as others have it."""

from typing import Annotated

import typer

Behind = Annotated[str | None, typer.Argument(metavar="PARTNER", help="The partner.", show_default=False)]
ByOption = Annotated[
    str | None, typer.Option("--partner", metavar="PARTNER", help="The same as PARTNER.", show_default=False)
]


def named_partner(behind: str | None, by_option: str | None) -> str:
    """Return the partner that a command names, either way.

    Raises:
        typer.BadParameter: there is none, or two that differ.
    """
    named = {each for each in (behind, by_option) if each}
    if len(named) != 1:
        told = "name the partner" if not named else "PARTNER and --partner name two"
        raise typer.BadParameter(f"{told}; halosync partner list shows the ids.", param_hint="PARTNER")
    return named.pop()
