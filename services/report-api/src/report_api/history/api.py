"""The audit log: who did what for a partner."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from halosync.domain.acts import Act
from halosync.ports.audit import EntryChoice
from pydantic import AfterValidator, TypeAdapter

from report_api.access.api_guard import Partner, partner_router
from report_api.history.audit_choice import ActorName, AnyText, Since, Until, audit_csv, known_zone
from report_api.history.models import AuditEntry, AuditPage
from report_api.ports import PortsHere
from report_api.web.csv_export import wants_csv
from report_api.web.fields import QueryText
from report_api.web.paging import BigInt, CursorText, Keyset, Limit
from report_api.web.problems import CSV_TOO

router: APIRouter = partner_router("Access")

Zone = Annotated[
    QueryText,
    Query(max_length=100, description="The time zone of `since` and `until`, by its name, such as Australia/Sydney."),
    AfterValidator(known_zone),
]
_ENTRIES = Keyset("audit", TypeAdapter[int](BigInt))


@router.get("/audit", responses=CSV_TOO, response_model=AuditPage, summary="List what was done")
async def list_entries(
    *,
    request: Request,
    partner: Partner,
    ports: PortsHere,
    act: Annotated[list[Act] | None, Query(description="Only these acts; may be repeated.")] = None,
    since: Since = None,
    until: Until = None,
    zone: Zone = "UTC",
    actor: ActorName = "",
    q: AnyText = "",
    cursor: CursorText = None,
    limit: Limit = 100,
) -> AuditPage | Response:
    """Who connected, linked, changed settings, approved, synchronised and signed in, newest first.

    With `Accept: text/csv` every entry that fits the filters as a file; `cursor` and `limit` are not used then.
    """
    after = _ENTRIES.after(cursor)
    choice = EntryChoice(act, since, until, actor or None, q.strip() or None, zone)
    if wants_csv(request):
        return audit_csv(ports, partner, choice)
    rows = await ports.audit.page(partner, choice, after=after, most=limit + 1)
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
