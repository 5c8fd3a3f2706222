"""The audit log: who did what for a partner."""

from typing import Annotated

from fastapi import APIRouter, Query
from halosync.domain.acts import Act
from pydantic import TypeAdapter

from report_api.access.api_guard import Partner, partner_router
from report_api.history.models import AuditEntry, AuditPage
from report_api.ports import PortsHere
from report_api.web.paging import BigInt, CursorText, Keyset, Limit

router: APIRouter = partner_router("Access")

_ENTRIES = Keyset("audit", TypeAdapter[int](BigInt))


@router.get("/audit", summary="List what was done")
async def list_entries(
    partner: Partner,
    ports: PortsHere,
    act: Annotated[list[Act] | None, Query(description="Only these acts; may be repeated.")] = None,
    cursor: CursorText = None,
    limit: Limit = 100,
) -> AuditPage:
    """Who connected, linked, changed settings, approved, synchronised and signed in, newest first."""
    rows = await ports.audit.page(partner, after=_ENTRIES.after(cursor), most=limit + 1, acts=act)
    page, following = _ENTRIES.split(rows, limit, lambda entry: entry.audit_id)
    return AuditPage(
        items=[
            AuditEntry(
                audit_id=entry.audit_id,
                at=entry.at,
                actor=entry.actor.name,
                is_operator=entry.actor.is_operator,
                act=entry.act,
                subject=entry.subject,
                sentence=entry.sentence,
                detail=dict(entry.detail),
            )
            for entry in page
        ],
        next_cursor=following,
    )
