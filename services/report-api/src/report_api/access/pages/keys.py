"""API keys: what programs and people sign in with. Only the partner's own; operators' keys are not shown here."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Path, Request, Response
from halosync.contracts.message import Text
from halosync.domain.audit_sentences import short_id
from halosync.store.keys import KeyExistsError, KeyRecord
from pydantic import TypeAdapter, ValidationError

from report_api.access.models import NO_KEY
from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere, clear_session, notify
from report_api.ports import Ports, PortsHere
from report_api.web.addresses import see_other
from report_api.web.problems import not_found
from report_api.web.rendering import page
from report_api.web.visitor import Visitor

router = partner_pages()

KeyId = Annotated[str, Path()]
_NAME = TypeAdapter[str](Text)
_WRONG_NAME = "Enter what the key is for, in one line of at most 500 characters: Accounting, or the program's name."


@router.get("/keys")
async def show(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """List the keys."""
    return await _page(request, visitor, ports)


@router.post("/keys")
async def create(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Create a key and show it, this once, as the answer to the form.

    No redirect here: a key must not be in an address, and what a redirect would show had to be kept somewhere. The form
    carries the id of the key to come, so that a page that is loaded again does not make a second key.
    """
    form = await request.form()
    entered, wanted_id = str(form.get("name", "")), _uuid(str(form.get("key_id", "")))
    try:
        name = _NAME.validate_python(entered.strip())
    except ValidationError:
        return await _page(request, visitor, ports, entered=entered, errors={"name": _WRONG_NAME}, status=422)
    try:
        created = await ports.keys.create(visitor.partner_id, name, by=visitor.actor, key_id=wanted_id)
    except KeyExistsError:
        await notify(
            request, "This key was created already and cannot be shown again. Revoke it if you lost it.", "info"
        )
        return see_other(visitor.partner_id, "keys")
    response = page(request, "access/key_created.html", tab="keys", name=name, api_key=created.api_key)
    response.headers["Cache-Control"] = "no-store"
    return response


@router.get("/keys/{key_id}/revoke")
async def ask_revoke(request: Request, visitor: VisitorHere, ports: PortsHere, key_id: KeyId) -> Response:
    """Ask before a key is revoked."""
    keys = await ports.keys.list(visitor.partner_id)
    key = _in_use(keys, key_id)
    others = sum(other.revoked_at is None for other in keys) - 1
    return page(
        request,
        "access/key_revoke.html",
        tab="keys",
        key=key,
        name=_key_label(key),
        is_own=key.key_id == visitor.session.principal.key_id,
        is_last=others == 0,
    )


@router.post("/keys/{key_id}/revoke")
async def revoke(request: Request, visitor: VisitorHere, ports: PortsHere, key_id: KeyId) -> Response:
    """Revoke a key. Who is signed in with it is signed out by that."""
    key = _in_use(await ports.keys.list(visitor.partner_id), key_id)
    await ports.keys.revoke(key.key_id, by=visitor.actor, owner=visitor.partner_id)
    if key.key_id != visitor.session.principal.key_id:
        await notify(request, f"Revoked: {_key_label(key)}. It stopped working at once.")
        return see_other(visitor.partner_id, "keys")
    request.state.visitor = None  # the session has ended with the key
    response = page(request, "access/key_revoked.html", name=_key_label(key))
    clear_session(request, response)
    return response


async def _page(
    request: Request,
    visitor: Visitor,
    ports: Ports,
    *,
    entered: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    keys = await ports.keys.list(visitor.partner_id)
    return page(
        request,
        "access/keys.html",
        status,
        tab="keys",
        # Those in use first, the newest of them first.
        keys=sorted(keys, key=lambda key: (key.revoked_at is None, key.created_at), reverse=True),
        called=_key_label,
        own=visitor.session.principal.key_id,
        new_key_id=uuid4(),
        entered=entered,
        errors=errors or {},
    )


def _in_use(keys: Sequence[KeyRecord], key_id: str) -> KeyRecord:
    """Return the partner's key of this id.

    Raises:
        Problem: 404, there is none in use.
    """
    for key in keys:
        if key.key_id == _uuid(key_id) and key.revoked_at is None:
            return key
    raise not_found(NO_KEY)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _key_label(key: KeyRecord) -> str:
    return key.name or f"Key {short_id(str(key.key_id))}"
