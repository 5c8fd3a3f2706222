"""`halosync partner`: the MSPs that the distributor bills."""

from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from halosync.cli.connections import with_database
from halosync.cli.output import Json, emit_json, say, show_table
from halosync.cli.partner_overview import flat, overview
from halosync.contracts.complaints import complaint
from halosync.contracts.invoice import PartnerId
from halosync.contracts.message import Text
from halosync.domain.acts import COMMAND_LINE
from halosync.ports.partners import UnknownPartnerError
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool

app = typer.Typer(help="Partners: add, list, show, pause and resume them.", no_args_is_help=True)


def _partner_id(value: str) -> str:
    """Refuse at once what no invoice could carry, or no address of the report API."""
    try:
        checked: str = TypeAdapter(PartnerId).validate_python(value)
    except ValidationError as error:
        raise typer.BadParameter(complaint(error.errors()[0])) from None
    if "/" in checked or checked != checked.strip():
        raise typer.BadParameter("no slashes, and no white space around it: the id is a part of web addresses")
    return checked


def _name(value: str) -> str:
    try:
        checked: str = TypeAdapter(Text).validate_python(value)
    except ValidationError as error:
        raise typer.BadParameter(complaint(error.errors()[0])) from None
    return checked


@app.command("add")
def add(
    partner_id: Annotated[
        str, typer.Argument(metavar="PARTNER", help="The id that the invoice system uses.", callback=_partner_id)
    ],
    name: Annotated[str, typer.Option("--name", help="What people call the partner.", callback=_name)],
    *,
    as_json: Json = False,
) -> None:
    """Add a partner with the default settings. One that exists only gets the name.

    Example: halosync partner add acme-msp --name "Acme MSP"
    """
    added = with_database(lambda pool: PartnerStore(pool).add(partner_id, name))
    if as_json:
        emit_json({"partner_id": partner_id, "name": name, "added": added})
    elif added:
        say(f"Added {partner_id}. Next: halosync key create --partner {partner_id}")
    else:
        say(f"{partner_id} exists already; its name is {name} now.")


@app.command("list")
def list_partners(*, as_json: Json = False) -> None:
    """List the partners and whether their Halo is connected.

    Example: halosync partner list --json
    """
    partners = with_database(lambda pool: PartnerStore(pool).list())
    if as_json:
        emit_json(partners)
        return
    show_table(
        ["partner", "name", "connection", "tenant", "added"],
        [(p.partner_id, p.name, p.connection, p.tenant, p.created_at) for p in partners],
        empty="No partners yet. Next: halosync partner add ID --name NAME",
    )


_Known = Annotated[str, typer.Argument(metavar="PARTNER", help="The partner.")]


@app.command("show")
def show(partner_id: _Known, *, as_json: Json = False) -> None:
    """Show a partner: its connection, its newest invoice and run, and its settings.

    Example: halosync partner show acme-msp
    """
    shown = with_database(lambda pool: overview(pool, partner_id))
    if as_json:
        emit_json(shown)
        return
    show_table(["", partner_id], [(name, value) for name, value in flat(shown) if name != "partner_id"], empty="")


@app.command("pause")
def pause(partner_id: _Known, *, as_json: Json = False) -> None:
    """Let no run of a partner start any more. A run that goes on is not touched; invoices are taken in as ever.

    Example: halosync partner pause acme-msp
    """
    _pause(partner_id, paused=True, as_json=as_json)


@app.command("resume")
def resume(partner_id: _Known, *, as_json: Json = False) -> None:
    """Let a partner's runs start again. What automatic sync owes starts within seconds.

    Example: halosync partner resume acme-msp
    """
    _pause(partner_id, paused=False, as_json=as_json)


def _pause(partner_id: str, *, paused: bool, as_json: bool) -> None:
    changed = with_database(lambda pool: PartnerStore(pool).pause(partner_id, paused=paused, by=COMMAND_LINE))
    if as_json:
        emit_json({"partner_id": partner_id, "paused": paused, "changed": changed})
    elif paused:
        say(f"No run of {partner_id} starts any more. Next: halosync partner resume {partner_id}")
    else:
        say(f"Runs of {partner_id} may start.")


@app.command("share-tenant")
def share_tenant(
    partner_id: Annotated[str, typer.Argument(metavar="PARTNER", help="The partner.")],
    *,
    allow: Annotated[
        bool, typer.Option("--allow/--refuse", help="Whether its Halo may be connected for another partner too.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Let a partner connect a Halo that is connected for another partner already (`allow_shared_tenant`).

    Two partners in one Halo share its request limit, and each one's clean-up sees the other's licences. What is
    connected stays connected.

    Example: halosync partner share-tenant acme-msp
    """

    async def change(pool: Pool) -> bool | None:
        try:
            return await PartnerStore(pool).allow_shared_tenant(partner_id, allowed=allow, by=COMMAND_LINE)
        except UnknownPartnerError:
            return None

    changed = with_database(change)
    if changed is None:
        raise typer.BadParameter(f"there is no partner {partner_id}", param_hint="ID")
    if as_json:
        emit_json({"partner_id": partner_id, "allow_shared_tenant": allow, "changed": changed})
    elif allow:
        say(f"{partner_id} may connect a Halo that is connected for another partner.")
    else:
        say(f"{partner_id} may connect only a Halo that is not connected for another partner.")
