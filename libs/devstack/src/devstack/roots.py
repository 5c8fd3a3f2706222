"""`python -m devstack rabbitmq-root`: another version of RabbitMQ in a folder, to run the tests on."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from devstack.errors import DevstackError
from devstack.rabbitmq_root import ROOT_VARIABLE, make_root


def rabbitmq_root(
    folder: Annotated[Path, typer.Argument(help="A new folder, of some 400 MB.")],
    release: Annotated[str, typer.Option(help="The Debian release whose RabbitMQ is wanted.")] = "trixie",
) -> None:
    """Unpack a Debian release with its RabbitMQ into a folder, without touching the machine's own (root only)."""
    try:
        asyncio.run(make_root(folder.absolute(), release))
    except DevstackError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Made. To use it: {ROOT_VARIABLE}={folder.absolute()}")
