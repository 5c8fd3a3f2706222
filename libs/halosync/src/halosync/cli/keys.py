"""`halosync key`: the API keys of partners and operators."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import typer
from pydantic import TypeAdapter, ValidationError

from halosync.cli.connections import with_database
from halosync.cli.failures import CommandError, told
from halosync.cli.output import Json, emit_json, say, show_table
from halosync.contracts.complaints import complaint
from halosync.contracts.message import Label
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Role
from halosync.ports.keys import KeyRecord
from halosync.store.keys import KeyStore
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool

app = typer.Typer(help="API keys: create, list and revoke them.", no_args_is_help=True)


def _name(value: str) -> str:
    try:
        checked: str = TypeAdapter(Label).validate_python(value.strip()) if value.strip() else ""
    except ValidationError as error:
        raise typer.BadParameter(complaint(error.errors()[0])) from None
    return checked


@app.command("create")
def create(
    partner: Annotated[str | None, typer.Option("--partner", metavar="PARTNER", help="Of this partner.")] = None,
    name: Annotated[str, typer.Option("--name", help="What it is for, for the list of keys.", callback=_name)] = "",
    role: Annotated[Role, typer.Option("--role", help="What may be done with it.")] = Role.ADMIN,
    *,
    operator: Annotated[bool, typer.Option("--operator", help="An operator's key: it sees all partners.")] = False,
    as_json: Json = False,
) -> None:
    """Create a key. It is shown this once and can never be shown again.

    Example: halosync key create --partner acme-msp --role biller
    """
    if (partner is None) != operator:
        raise typer.BadParameter("give exactly one of --partner ID and --operator")
    created = with_database(lambda pool: KeyStore(pool).create(partner, name, role=role, by=COMMAND_LINE))
    if as_json:
        emit_json(
            {"api_key": created.api_key, "key_id": created.key_id, "partner_id": partner, "name": name, "role": role}
        )
        return
    say(created.api_key)
    typer.echo(f"Keep it: it cannot be shown again. To end its use: halosync key revoke {created.key_id}", err=True)


@app.command("list")
def list_keys(
    partner: Annotated[str | None, typer.Option("--partner", metavar="PARTNER", help="Only this partner's.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List the keys, without the keys themselves: only their hashes are kept.

    Example: halosync key list
    """

    async def read(pool: Pool) -> Sequence[KeyRecord]:
        if partner is not None:
            await PartnerStore(pool).must_exist(partner)
        return await KeyStore(pool).list(partner)

    keys = with_database(read)
    if as_json:
        emit_json(keys)
        return
    show_table(
        ["key", "partner", "name", "role", "created", "used", "revoked"],
        [
            (k.key_id, k.partner_id or "(operator)", k.name, k.role, k.created_at, k.last_used_at, k.revoked_at)
            for k in keys
        ],
        empty="No keys yet. Next: halosync key create --partner ID",
    )


@app.command("revoke")
def revoke(
    key_id: Annotated[UUID, typer.Argument(metavar="KEY", help="The id shown by `halosync key list`.")],
    *,
    as_json: Json = False,
) -> None:
    """End the use of a key, at once and for good.

    Example: halosync key revoke 8d0a2c1e-3b0f-4a55-9a51-0d2f6f1f7c11
    """
    with told():
        if not with_database(lambda pool: KeyStore(pool).revoke(key_id, by=COMMAND_LINE)):
            raise CommandError(f"no key {key_id} is in use; `halosync key list` shows them")
    if as_json:
        emit_json({"key_id": key_id, "revoked": True})
    else:
        say(f"Revoked {key_id}.")
