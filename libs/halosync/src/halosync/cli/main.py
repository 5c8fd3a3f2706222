"""The command and its groups."""

import logging
from typing import Annotated

import structlog
import typer

from halosync.cli import (
    audit,
    connection,
    dead_letters,
    doctor,
    halo,
    invoices,
    keys,
    migrate,
    months,
    partners,
    people,
    purge,
    runs,
    status,
    token_keys,
)
from halosync.cli.output import say
from halosync.version import VERSION

app = typer.Typer(
    name="halosync",
    help=(
        "Operate halosync: partners and their keys, invoices, runs, dead letters, and what a Halo does.\n\n"
        "Every subcommand takes --json and then prints one JSON value. Errors go to standard error; exit code 1 means"
        " that it was not done, 2 that the usage or a setting is wrong. Settings: HALOSYNC_DATABASE_URL, and"
        " HALOSYNC_AMQP_URL where something is published."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # it prints local variables, and those hold keys and passwords
)
app.command("migrate")(migrate.migrate)
app.command("doctor")(doctor.doctor)
app.command("status")(status.status)
app.command("audit")(audit.audit)
app.command("purge")(purge.purge)
partners.app.command("remove")(purge.remove)
app.add_typer(partners.app, name="partner")
app.add_typer(connection.app, name="connection")
app.add_typer(people.app, name="person")
app.add_typer(keys.app, name="key")
app.add_typer(token_keys.app, name="keys")
app.add_typer(invoices.app, name="invoice")
app.add_typer(months.app, name="month")
app.add_typer(runs.app, name="run")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(halo.app, name="halo")


def show_version(wanted: bool) -> None:  # typer calls it with the value alone
    """Show the version and end, if that is asked for."""
    if wanted:
        say(f"halosync {VERSION}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="Show the version and end.", callback=show_version, is_eager=True)
]


@app.callback()
def prepare(*, _version: Version = False) -> None:
    """Keep the libraries' logs off the terminal: what goes wrong is told in our own words."""
    logging.getLogger().addHandler(logging.NullHandler())
    # Without it a line of ours would stand on standard output, before the JSON.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def main() -> None:
    """Run the command."""
    app()
