"""`halosync person`: people who sign in to the portal by OpenID Connect."""

from typing import Annotated

import typer

from halosync.cli.connections import with_database
from halosync.cli.failures import CommandError, told
from halosync.cli.output import Json, emit_json, say, show_table
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.people import normal_email
from halosync.domain.roles import Role
from halosync.ports.people import MOST_PEOPLE, LastAdminError, Person, TooManyPeopleError
from halosync.store.partners import PartnerStore
from halosync.store.people import PeopleStore
from halosync.store.pool import Pool

app = typer.Typer(
    help=(
        "People who may sign in to the portal by OpenID Connect: a partner's with --partner, operators without.\n\n"
        "Example: halosync person add anna@acme.example --partner acme-msp --role biller"
    ),
    no_args_is_help=True,
)


def _email(value: str) -> str:
    try:
        return normal_email(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Partner = Annotated[
    str | None, typer.Option("--partner", metavar="PARTNER", help="A person of this partner; without it an operator.")
]
Email = Annotated[
    str, typer.Argument(metavar="EMAIL", help="The address that the sign-in service vouches for.", callback=_email)
]


@app.command("add")
def add(
    email: Email,
    partner: Partner = None,
    role: Annotated[Role, typer.Option("--role", help="What the person may do.")] = Role.ADMIN,
    *,
    as_json: Json = False,
) -> None:
    """Let somebody sign in, or change the role, which counts at once.

    Example: halosync person add olga@converge.example
    """

    async def put(pool: Pool) -> Person:
        try:
            return await PeopleStore(pool).put(partner, email, role, by=COMMAND_LINE)
        except LastAdminError:
            raise _last_admin(email) from None
        except TooManyPeopleError:
            raise CommandError(f"at most {MOST_PEOPLE} people can sign in; remove somebody first") from None

    with told():
        person = with_database(put)
    if as_json:
        emit_json(person)
    else:
        say(f"{person.email} may sign in {_for(partner)} as {person.role}.")


@app.command("list")
def list_people(partner: Partner = None, *, as_json: Json = False) -> None:
    """List a partner's people, or the operators.

    Example: halosync person list --partner acme-msp --json
    """

    async def read(pool: Pool) -> list[Person]:
        if partner is not None:
            await PartnerStore(pool).must_exist(partner)
        return await PeopleStore(pool).page(partner)

    with told():
        people = with_database(read)
    if as_json:
        emit_json(people)
        return
    show_table(
        ["person", "role", "added"],
        [(person.email, person.role, person.created_at) for person in people],
        empty="Nobody yet. Next: halosync person add EMAIL" + ("" if partner is None else f" --partner {partner}"),
    )


@app.command("remove")
def remove(email: Email, partner: Partner = None, *, as_json: Json = False) -> None:
    """Let somebody sign in no more. Their open sessions end at once.

    Example: halosync person remove anna@acme.example --partner acme-msp
    """

    async def take_out(pool: Pool) -> bool:
        try:
            return await PeopleStore(pool).remove(partner, email, by=COMMAND_LINE)
        except LastAdminError:
            raise _last_admin(email) from None

    with told():
        if not with_database(take_out):
            where = "is no operator" if partner is None else f"is no person of {partner}"
            again = "" if partner is None else f" --partner {partner}"
            raise CommandError(f"{email} {where}; `halosync person list{again}` shows who is")
    if as_json:
        emit_json({"email": email, "partner_id": partner, "removed": True})
    else:
        say(f"{email} may no longer sign in {_for(partner)}.")


def _for(partner: str | None) -> str:
    return "for all partners" if partner is None else f"for {partner}"


def _last_admin(email: str) -> CommandError:
    return CommandError(
        f"{email} is the last admin, and there is no API key with that role: nobody could add people or keys any more; "
        "make somebody else an admin first"
    )
