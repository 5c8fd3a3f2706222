"""`halosync connection`: a partner's connection to its Halo."""

from dataclasses import asdict
from typing import Annotated, Any

import asyncpg
import typer

from halosync.cli.connections import with_database
from halosync.cli.output import Json, emit_json, show_table
from halosync.ports.connections import ConnectionView
from halosync.ports.partners import UnknownPartnerError
from halosync.store.connections import ConnectionStore
from halosync.store.partners import PartnerStore

app = typer.Typer(help="Connections to Halo: show them.", no_args_is_help=True)


@app.command("show")
def show(
    partner_id: Annotated[str, typer.Argument(metavar="ID", help="The partner.")], *, as_json: Json = False
) -> None:
    """Show where a partner's connection to Halo stands, and what is wrong with a broken one.

    Example: halosync connection show acme-msp
    """

    async def read(pool: "asyncpg.Pool[Any]") -> ConnectionView:
        if not await PartnerStore(pool).exists(partner_id):
            raise UnknownPartnerError(partner_id)
        return await ConnectionStore(pool).view(partner_id)

    shown = {"partner_id": partner_id, **asdict(with_database(read))}
    if as_json:
        emit_json(shown)
        return
    scopes = " ".join(shown.pop("granted_scopes"))
    show_table(["", partner_id], [*list(shown.items())[1:], ("granted_scopes", scopes or None)], empty="")
