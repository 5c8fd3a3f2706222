"""`halosync connection`: a partner's connection to its Halo."""

from dataclasses import asdict
from typing import Annotated

import typer

from halosync.cli.connections import with_database, with_services
from halosync.cli.failures import OPERATORS_REQUEST, CommandError
from halosync.cli.output import Json, emit_json, require_answer, say, show_table
from halosync.contracts.connection import ConnectionEnded, EndConnection, RequestedBy
from halosync.domain.acts import COMMAND_LINE
from halosync.messaging.requests import Requests
from halosync.ports.connections import ConnectionView
from halosync.ports.requests import NoReplyError
from halosync.store.connections import ConnectionStore
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool

app = typer.Typer(help="Connections to Halo: show and end them.", no_args_is_help=True)


@app.command("show")
def show(
    partner_id: Annotated[str, typer.Argument(metavar="PARTNER", help="The partner.")], *, as_json: Json = False
) -> None:
    """Show where a partner's connection to Halo stands, and what is wrong with a broken one.

    Example: halosync connection show acme-msp
    """

    async def read(pool: Pool) -> ConnectionView:
        await PartnerStore(pool).must_exist(partner_id)
        return await ConnectionStore(pool).view(partner_id)

    shown = {"partner_id": partner_id, **asdict(with_database(read))}
    if as_json:
        emit_json(shown)
        return
    scopes = " ".join(shown.pop("granted_scopes"))
    show_table(["", partner_id], [*list(shown.items())[1:], ("granted_scopes", scopes or None)], empty="")


@app.command("disconnect")
def disconnect(
    partner_id: Annotated[str, typer.Argument(metavar="PARTNER", help="The partner.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """End a partner's connection to Halo: its tokens are erased, and somebody has to connect it again.

    What was loaded and reported stays. auth must be running: only it may erase tokens.

    Example: halosync connection disconnect acme-msp
    """
    require_answer(yes=yes, as_json=as_json)
    if not yes:
        typer.confirm(f"Erase the tokens of {partner_id}?", abort=True, err=True)

    async def end(pool: Pool, services: Requests) -> None:
        await PartnerStore(pool).must_exist(partner_id)
        by = RequestedBy(name=COMMAND_LINE.name, key_id=None, is_operator=True)
        try:
            reply = await services.ask(EndConnection(partner_id=partner_id, requested_by=by))
        except NoReplyError as error:
            raise CommandError(f"auth did not answer ({error}); {OPERATORS_REQUEST}") from None
        if not isinstance(reply, ConnectionEnded):
            raise CommandError("auth could not do it now; try again")

    with_services(end)
    emit_json({"partner_id": partner_id, "state": "disconnected"}) if as_json else say(f"{partner_id} is disconnected.")
