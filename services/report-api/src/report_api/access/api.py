"""A partner's API keys. Operators' keys and those of other partners are neither shown nor revoked here."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from halosync.domain.roles import Role
from halosync.ports.keys import TooManyKeysError
from pydantic import TypeAdapter

from report_api.access.api_guard import ActorHere, Partner, partner_router
from report_api.access.models import NO_KEY, TOO_MANY_KEYS, Key, KeyList, KeyRequest, NewKey
from report_api.access.people import FULL_RETRY_AFTER_S
from report_api.ports import PortsHere
from report_api.web.fields import Moment
from report_api.web.paging import CursorText, Keyset, Limit
from report_api.web.problems import not_found, responses, too_many_requests

router: APIRouter = partner_router("Access", sees=Role.ADMIN, changes=Role.ADMIN)

_KEYS = Keyset("keys", TypeAdapter[tuple[datetime, UUID]](tuple[Moment, UUID]))

KeyPath = Annotated[str, Path(description="The key's id.", json_schema_extra={"format": "uuid"})]


@router.get("/keys", summary="List the API keys")
async def list_keys(partner: Partner, ports: PortsHere, cursor: CursorText = None, limit: Limit = 100) -> KeyList:
    """The partner's keys, oldest first, revoked ones too. The keys themselves are kept nowhere."""
    rows = await ports.keys.page(partner, after=_KEYS.after(cursor), most=limit + 1)
    page, following = _KEYS.split(rows, limit, lambda key: (key.created_at, key.key_id))
    return KeyList(items=[Key.model_validate(key) for key in page], next_cursor=following)


@router.post("/keys", status_code=201, responses=responses(400, 413), summary="Create an API key")
async def create(partner: Partner, wanted: KeyRequest, by: ActorHere, ports: PortsHere) -> NewKey:
    """Create a key of this partner. It is in this answer and can never be shown again.

    429: the partner has 50 keys in use; revoke one first.
    """
    try:
        created = await ports.keys.create(partner, wanted.name, role=wanted.role, by=by)
    except TooManyKeysError:
        raise too_many_requests(TOO_MANY_KEYS, FULL_RETRY_AFTER_S) from None
    return NewKey(key_id=created.key_id, api_key=created.api_key)


@router.delete("/keys/{key_id}", status_code=204, summary="Revoke an API key")
async def revoke(partner: Partner, key_id: KeyPath, by: ActorHere, ports: PortsHere) -> None:
    """End the use of a key, at once and for good; a key may revoke itself. 404: no such key is in use."""
    try:
        number = UUID(key_id)
    except ValueError:
        raise not_found(NO_KEY) from None
    if not await ports.keys.revoke(number, by=by, owner=partner):
        raise not_found(NO_KEY)
