"""People: who may sign in to the portal for the partner, and what they may do there."""

from typing import Annotated

from fastapi import Path, Query, Request, Response
from halosync.domain.natural_order import natural_key
from halosync.domain.people import normal_email
from halosync.domain.roles import Role
from halosync.ports.people import MOST_PEOPLE, Person
from pydantic import AfterValidator

from report_api.access.page_guard import partner_pages
from report_api.access.people import NO_PERSON, put_person, remove_person
from report_api.access.sentences import ROLES
from report_api.access.session import VisitorHere, notify
from report_api.ports import Ports, PortsHere
from report_api.web.addresses import partner_url, see_other
from report_api.web.forms import EMPTY_FORM, ListQuery, ShownForm, list_query_of
from report_api.web.paging import NumberedPage
from report_api.web.problems import Problem, not_found
from report_api.web.rendering import page
from report_api.web.sorting import Sorts
from report_api.web.visitor import Visitor

router = partner_pages(sees=Role.ADMIN, changes=Role.ADMIN)

Email = Annotated[str, Path()]
_NO_ROLE = "Choose what this person may do."


SORTS: Sorts[Person] = Sorts(
    usual=lambda person: natural_key(person.email),
    by={
        "email": lambda person: natural_key(person.email),
        "role": lambda person: person.role,
        "since": lambda person: person.created_at,
    },
    then=lambda person: natural_key(person.email),
)

Sort = Annotated[str, Query(description="By what people are sorted."), AfterValidator(SORTS.known)]


@router.get("/people")
async def show(request: Request, visitor: VisitorHere, ports: PortsHere, sort: Sort = "") -> Response:
    """List the people."""
    return await _page(request, visitor, ports, sort)


@router.post("/people")
async def put(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Let somebody in, or give somebody another role."""
    form = await request.form()
    sort = SORTS.of(list_query_of(form))
    entered, given = str(form.get("email", "")), str(form.get("role", ""))
    errors: dict[str, str] = {}
    try:
        email = normal_email(entered)
    except ValueError as error:
        errors["email"] = str(error)
    role = next((known for known in Role if known == given), None)
    if role is None:
        errors["role"] = _NO_ROLE
    if role is None or errors:
        return await _page(request, visitor, ports, sort, ShownForm(entered, errors, 422))
    try:
        person = await put_person(ports, visitor.partner_id, email, role, by=visitor.actor)
    except Problem as problem:
        refused = ShownForm(entered, {"email": problem.detail}, problem.status_code)
        return await _page(request, visitor, ports, sort, refused)
    await notify(request, f"{person.email} has the role {person.role} now.")
    return see_other(visitor.partner_id, "people", **list_query_of(form))


@router.get("/people/{email}/remove")
async def ask_remove(
    *, request: Request, visitor: VisitorHere, ports: PortsHere, email: Email, list_query: ListQuery = ""
) -> Response:
    """Ask before somebody is removed."""
    person = await ports.people.get(visitor.partner_id, _known(email))
    if person is None:
        raise not_found(NO_PERSON)
    return page(
        request,
        "access/person_remove.html",
        tab="people",
        list_query=list_query,
        person=person,
        is_self=_is_self(visitor, person.email),
    )


@router.post("/people/{email}/remove")
async def remove(request: Request, visitor: VisitorHere, ports: PortsHere, email: Email) -> Response:
    """Let somebody in no more."""
    address = _known(email)
    await remove_person(ports, visitor.partner_id, address, by=visitor.actor)
    if _is_self(visitor, address):
        return see_other(visitor.partner_id, "people")  # whatever the session may still see decides what comes
    await notify(request, f"Removed: {address}. This person cannot sign in any more.")
    return see_other(visitor.partner_id, "people", **list_query_of(await request.form()))


async def _page(request: Request, visitor: Visitor, ports: Ports, sort: str, form: ShownForm = EMPTY_FORM) -> Response:
    people = SORTS.sorted(await ports.people.page(visitor.partner_id, most=MOST_PEOPLE), sort)
    return page(
        request,
        "access/people.html",
        form.status,
        tab="people",
        people=people,
        sort=sort,
        listing=NumberedPage.whole(partner_url(visitor.partner_id, "people"), {"sort": sort}, len(people)),
        roles=ROLES,
        by_openid=ports.sign_in_service is not None,
        is_self=lambda email: _is_self(visitor, email),
        entered=form.entered,
        errors=form.errors,
    )


def _is_self(visitor: Visitor, email: str) -> bool:
    principal = visitor.session.principal
    return principal.key_id is None and principal.name == email


def _known(email: str) -> str:
    try:
        return normal_email(email)
    except ValueError:
        raise not_found(NO_PERSON) from None
