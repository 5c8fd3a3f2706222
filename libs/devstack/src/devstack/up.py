"""`python -m devstack up`: the whole stack on this machine until Ctrl-C."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit

import typer
from halosync.runtime.variables import EnvironmentSettings
from rich.console import Console
from rich.table import Table

from devstack.errors import DevstackError
from devstack.options import StackOptions, new_token_key
from devstack.service import PREFIX
from devstack.sink import Sink, notice_sink
from devstack.stack import Stack, running_stack


class Given(EnvironmentSettings):
    """What a person may set in `.env` or the environment, and `up` needs to know; the services read the rest."""

    database_url: str | None = None
    amqp_url: str | None = None
    halo_url_template: str | None = None
    public_url: str | None = None
    http_port: int = 8000
    token_keys: str | None = None
    smtp_url: str | None = None


# What each process gets a value of its own for, or only one may have.
_OWN = {f"{PREFIX}{name}" for name in ("HEALTH_PORT", "HTTP_PORT", "TOKEN_KEYS")}
# What came by a file is handed on as its content, and may be given only once.
_OWN |= {f"{PREFIX}{name.upper()}_FILE" for name in Given.model_fields}


def options_from_environment(given: Given, environment: dict[str, str], *, writers: int) -> StackOptions:
    """Return the options of a stack with a person's own settings, for every process to read.

    Raises:
        DevstackError: the database lasts, and the key that its tokens are encrypted with would not.
    """
    if given.database_url is not None and not (given.token_keys or "").strip(", "):
        raise DevstackError(
            "HALOSYNC_TOKEN_KEYS is empty, and the database of HALOSYNC_DATABASE_URL lasts: with a new key at each "
            "start nobody could read the tokens in it. Put this into .env and keep it: "
            f"HALOSYNC_TOKEN_KEYS={new_token_key()}"
        )
    settings = {name: value for name, value in environment.items() if name.startswith(PREFIX) and name not in _OWN}
    if given.public_url:  # the stack has an address of its own for it, which would win over `.env`
        settings[f"{PREFIX}PUBLIC_URL"] = given.public_url
    if given.smtp_url:  # likewise: else the mail of a person's own server would go to the sink
        settings[f"{PREFIX}SMTP_URL"] = given.smtp_url
    return StackOptions(
        writers=writers,
        database_url=given.database_url,
        amqp_url=given.amqp_url,
        halo_url_template=given.halo_url_template,
        http_port=given.http_port,
        token_keys=given.token_keys or new_token_key(),
        environment=settings,
        cwd=Path.cwd(),
        durable=True,
    )


def up(
    writers: Annotated[int, typer.Option(min=1, help="How many halo-writers to run.")] = 1,
) -> None:
    """Run the servers, the sandbox and the four services until Ctrl-C; what .env or the environment gives is used."""
    console = Console(log_path=False)
    try:
        options = options_from_environment(Given(), dict(os.environ), writers=writers)
    except DevstackError as error:
        console.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(1) from None

    with notice_sink() as sink:

        async def stay(stack: Stack) -> None:
            console.print(addresses(stack, sink))
            console.log("Running until Ctrl-C")
            await asyncio.Event().wait()

        until_signalled(with_sink(replace(options, progress=console.log), sink), stay, console)


def with_sink(options: StackOptions, sink: Sink) -> StackOptions:
    """Return the same, where the sink takes webhooks, and e-mail too, unless a person has said otherwise."""
    told = {f"{PREFIX}WEBHOOK_ALLOW_PRIVATE": "true"}
    if f"{PREFIX}SMTP_URL" not in options.environment:
        told |= {f"{PREFIX}SMTP_URL": sink.smtp_url, f"{PREFIX}MAIL_FROM": "halosync <halosync@localhost>"}
    return replace(options, environment={**told, **options.environment})


def until_signalled(
    options: StackOptions, body: Callable[[Stack], Coroutine[None, None, None]], console: Console
) -> None:
    """Run `body` on a stack until it ends or SIGINT or SIGTERM comes, then drain and stop the stack.

    Raises:
        typer.Exit: with status 1, after telling why, when the stack or the body fails.
    """
    try:
        asyncio.run(_signalled(options, body, console))
    except DevstackError as error:
        message = "\n".join([str(error), *getattr(error, "__notes__", [])])
        console.print(message, style="red", highlight=False, markup=False)
        raise typer.Exit(1) from None


async def _signalled(
    options: StackOptions, body: Callable[[Stack], Coroutine[None, None, None]], console: Console
) -> None:
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    # The signal cancels whatever is going on, the start too; the stack's own clean-up follows from that.
    with suppress(asyncio.CancelledError):
        async with running_stack(options) as stack:
            try:
                await body(stack)
            finally:
                console.log("Stopping: the services finish what they have begun (30 s at most)")
    console.log("Stopped")


def without_password(url: str) -> str:
    """Return a server's URL as it may stand on a screen that others see, or in a log that is kept."""
    parts = urlsplit(url)
    who, at, where = parts.netloc.rpartition("@")
    kept = [(name, value) for name, value in parse_qsl(parts.query) if "password" not in name]
    query = f"?{urlencode(kept, safe='/,')}" if kept else ""
    return f"{parts.scheme}://{who.partition(':')[0]}{at}{where}{parts.path}{query}"


def addresses(stack: Stack, sink: Sink | None = None) -> Table:
    """Return where to look, as a table."""
    told = f"{sink.url} (shows what arrives: e-mail, and webhooks that you create to it)" if sink else "not started"
    rows = {
        "Portal and report API": stack.http_url,
        "API description": f"{stack.http_url}/openapi.json",
        "Sandbox (a HaloPSA)": stack.sandbox_url or "not started: HALOSYNC_HALO_URL_TEMPLATE is given",
        "Sink of notices": told,
        "Postgres": without_password(stack.database_url),
        **({"Look into Postgres": psql} if (psql := stack.psql) else {}),
        "RabbitMQ": without_password(stack.amqp_url),
        **{f"Health of {name}": f"{service.health_url}/readyz" for name, service in stack.services.items()},
        "Logs": str(stack.logs),
    }
    table = Table(show_header=False, box=None)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")  # an address that is cut off is none
    for what, where in rows.items():
        table.add_row(what, where)
    return table
