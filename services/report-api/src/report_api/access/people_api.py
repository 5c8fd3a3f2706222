"""People and their roles: a partner's by its admins, the operators by operators (spec section 10)."""

from typing import Annotated

from fastapi import APIRouter, Path
from halosync.domain.acts import Actor
from halosync.domain.people import normal_email
from halosync.domain.roles import Role
from pydantic import TypeAdapter

from report_api.access.api_guard import ActorHere, Partner, operator_router, partner_router
from report_api.access.models import Person, PersonList, PersonRequest
from report_api.access.people import NO_PERSON, put_person, remove_person
from report_api.ports import Ports, PortsHere
from report_api.web.fields import QueryText
from report_api.web.paging import CursorText, Keyset, Limit
from report_api.web.problems import invalid, not_found, responses

router: APIRouter = partner_router("People", sees=Role.ADMIN, changes=Role.ADMIN)
operators_router: APIRouter = operator_router("People", sees=Role.ADMIN, changes=Role.ADMIN)

_PEOPLE = Keyset("people", TypeAdapter[str](QueryText))

Email = Annotated[str, Path(description="The e-mail address, in any case.", examples=["anna@acme.example"])]


@router.get("/people", summary="List people")
async def list_people(partner: Partner, ports: PortsHere, cursor: CursorText = None, limit: Limit = 100) -> PersonList:
    """Who may sign in to the portal for this partner, by address."""
    return await _listed(ports, partner, cursor, limit)


@router.get("/people/{email}", summary="Show a person")
async def show(partner: Partner, email: Email, ports: PortsHere) -> Person:
    """The person's role."""
    return await _shown(ports, partner, email)


@router.put("/people/{email}", responses=responses(400, 409, 413), summary="Give a person a role")
async def put(partner: Partner, email: Email, wanted: PersonRequest, by: ActorHere, ports: PortsHere) -> Person:
    """Let somebody sign in with this address, or change the role, which counts at once.

    409 `last_admin`: nobody else could let anybody in. 429: the partner has 200 people.
    """
    return await _put(ports, partner, email, wanted, by)


@router.delete("/people/{email}", status_code=204, responses=responses(409), summary="Remove a person")
async def remove(partner: Partner, email: Email, by: ActorHere, ports: PortsHere) -> None:
    """Let somebody sign in no more; what is open of theirs ends at once. 409 `last_admin` as of giving a role."""
    await _remove(ports, partner, email, by)


@operators_router.get("/people", summary="List operators")
async def list_operators(ports: PortsHere, cursor: CursorText = None, limit: Limit = 100) -> PersonList:
    """Who may sign in to the portal for every partner, by address. For operators' keys."""
    return await _listed(ports, None, cursor, limit)


@operators_router.get("/people/{email}", summary="Show an operator")
async def show_operator(email: Email, ports: PortsHere) -> Person:
    """The operator's role. For operators' keys."""
    return await _shown(ports, None, email)


@operators_router.put("/people/{email}", responses=responses(400, 409, 413), summary="Give an operator a role")
async def put_operator(email: Email, wanted: PersonRequest, by: ActorHere, ports: PortsHere) -> Person:
    """Let somebody sign in for every partner, or change the role. For operators' keys."""
    return await _put(ports, None, email, wanted, by)


@operators_router.delete("/people/{email}", status_code=204, responses=responses(409), summary="Remove an operator")
async def remove_operator(email: Email, by: ActorHere, ports: PortsHere) -> None:
    """Let an operator sign in no more. For operators' keys."""
    await _remove(ports, None, email, by)


async def _listed(ports: Ports, partner_id: str | None, cursor: str | None, limit: int) -> PersonList:
    rows = await ports.people.page(partner_id, after=_PEOPLE.after(cursor), most=limit + 1)
    page, following = _PEOPLE.split(rows, limit, lambda person: person.email)
    return PersonList(items=[Person.model_validate(person) for person in page], next_cursor=following)


async def _shown(ports: Ports, partner_id: str | None, email: str) -> Person:
    person = await ports.people.get(partner_id, _known(email))
    if person is None:
        raise not_found(NO_PERSON)
    return Person.model_validate(person)


async def _put(ports: Ports, partner_id: str | None, email: str, wanted: PersonRequest, by: Actor) -> Person:
    try:
        address = normal_email(email)
    except ValueError as error:
        raise invalid("email", str(error)) from None
    return Person.model_validate(await put_person(ports, partner_id, address, wanted.role, by=by))


async def _remove(ports: Ports, partner_id: str | None, email: str, by: Actor) -> None:
    await remove_person(ports, partner_id, _known(email), by=by)


def _known(email: str) -> str:
    try:
        return normal_email(email)
    except ValueError:
        raise not_found(NO_PERSON) from None
