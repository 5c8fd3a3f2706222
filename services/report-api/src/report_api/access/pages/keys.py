"""API keys: what programs and people sign in with. Only the partner's own; operators' keys are not shown here."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import Path, Query, Request, Response
from halosync.contracts.message import Label
from halosync.domain.audit_sentences import short_id
from halosync.domain.natural_order import natural_key
from halosync.domain.roles import Role
from halosync.ports.keys import KeyExistsError, KeyRecord, TooManyKeysError
from pydantic import AfterValidator, TypeAdapter, ValidationError

from report_api.access.models import NO_KEY, TOO_MANY_KEYS
from report_api.access.page_guard import partner_pages
from report_api.access.sentences import ROLES
from report_api.access.session import VisitorHere, clear_session, notify
from report_api.ports import Ports, PortsHere
from report_api.web.addresses import partner_url, see_other
from report_api.web.forms import EMPTY_FORM, ListQuery, ShownForm, list_query_of
from report_api.web.paging import NumberedPage, PageNumber, page_of
from report_api.web.problems import not_found
from report_api.web.rendering import Values, page
from report_api.web.sorting import Sorts
from report_api.web.visitor import Visitor

router = partner_pages(sees=Role.ADMIN, changes=Role.ADMIN)

KeyId = Annotated[str, Path()]
_NAME = TypeAdapter[str](Label)
_ROLE = TypeAdapter(Role)
_A_PAGE = 50
_WRONG_NAME = (
    "Enter what the key is for, in one line of at most 500 visible characters: Accounting, or the program's name."
)

_BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)

SORTS: Sorts[KeyRecord] = Sorts(
    # Those in use first, the newest of them first.
    usual=lambda key: (key.revoked_at is not None, -key.created_at.timestamp()),
    by={
        "name": lambda key: natural_key(_key_label(key)),
        "role": lambda key: key.role,
        "state": lambda key: key.revoked_at is not None,
        "created": lambda key: key.created_at,
        "used": lambda key: key.last_used_at or _BEFORE_ALL,
    },
    then=lambda key: natural_key(_key_label(key)),
)

Sort = Annotated[str, Query(description="By what the keys are sorted."), AfterValidator(SORTS.known)]


@router.get("/keys")
async def show(
    *, request: Request, visitor: VisitorHere, ports: PortsHere, sort: Sort = "", number: PageNumber = 1
) -> Response:
    """List the keys."""
    return await _page(request, visitor, ports, sort=sort, number=number)


@router.post("/keys")
async def create(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Create a key and show it, this once, as the answer to the form.

    No redirect here: a key must not be in an address, and what a redirect would show had to be kept somewhere. The form
    carries the id of the key to come, so that a page that is loaded again does not make a second key.
    """
    form = await request.form()
    query, entered, wanted_id = list_query_of(form), str(form.get("name", "")), _uuid(str(form.get("key_id", "")))
    again = partial(_page, request, visitor, ports, sort=SORTS.of(query), number=page_of(query.get("page", "")))
    try:
        name, role = _NAME.validate_python(entered.strip()), _ROLE.validate_python(form.get("role", Role.ADMIN))
    except ValidationError:
        return await again(form=ShownForm(entered, {"name": _WRONG_NAME}, 422))
    try:
        created = await ports.keys.create(visitor.partner_id, name, role=role, by=visitor.actor, key_id=wanted_id)
    except TooManyKeysError:
        return await again(form=ShownForm(entered, {"name": TOO_MANY_KEYS}, 422))
    except KeyExistsError:
        await notify(
            request, "This key was created already and cannot be shown again. Revoke it if you lost it.", "info"
        )
        return see_other(visitor.partner_id, "keys", **query)
    values: Values = {"name": name, "api_key": created.api_key, "list_query": urlencode(query)}
    return page(request, "access/key_created.html", tab="keys", **values)


@router.get("/keys/{key_id}/revoke")
async def ask_revoke(
    *, request: Request, visitor: VisitorHere, ports: PortsHere, key_id: KeyId, list_query: ListQuery = ""
) -> Response:
    """Ask before a key is revoked."""
    key = await _in_use(ports, visitor, key_id)
    return page(
        request,
        "access/key_revoke.html",
        tab="keys",
        list_query=list_query,
        key=key,
        name=_key_label(key),
        is_own=key.key_id == visitor.session.principal.key_id,
        is_last=await ports.keys.number_in_use(visitor.partner_id) == 1,
    )


@router.post("/keys/{key_id}/revoke")
async def revoke(request: Request, visitor: VisitorHere, ports: PortsHere, key_id: KeyId) -> Response:
    """Revoke a key. Who is signed in with it is signed out by that."""
    key = await _in_use(ports, visitor, key_id)
    await ports.keys.revoke(key.key_id, by=visitor.actor, owner=visitor.partner_id)
    if key.key_id != visitor.session.principal.key_id:
        await notify(request, f"Revoked: {_key_label(key)}. It stopped working at once.")
        return see_other(visitor.partner_id, "keys", **list_query_of(await request.form()))
    request.state.visitor = None  # the session has ended with the key
    response = page(request, "access/key_revoked.html", name=_key_label(key))
    clear_session(request, response)
    return response


async def _page(
    request: Request, visitor: Visitor, ports: Ports, *, sort: str, number: int, form: ShownForm = EMPTY_FORM
) -> Response:
    keys = SORTS.sorted(await ports.keys.list(visitor.partner_id), sort)
    listing = NumberedPage(partner_url(visitor.partner_id, "keys"), {"sort": sort}, number, _A_PAGE, len(keys))
    return page(
        request,
        "access/keys.html",
        form.status,
        tab="keys",
        keys=keys[listing.skip : listing.skip + listing.size],
        sort=sort,
        listing=listing,
        roles=ROLES,
        called=_key_label,
        own=visitor.session.principal.key_id,
        new_key_id=uuid4(),
        entered=form.entered,
        errors=form.errors,
    )


async def _in_use(ports: Ports, visitor: Visitor, key_id: str) -> KeyRecord:
    """Return the partner's key of this id.

    Raises:
        Problem: 404, there is none in use.
    """
    number = _uuid(key_id)
    key = None if number is None else await ports.keys.get(number, visitor.partner_id)
    if key is None or key.revoked_at is not None:
        raise not_found(NO_KEY)
    return key


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _key_label(key: KeyRecord) -> str:
    return key.name or f"Key {short_id(str(key.key_id))}"
