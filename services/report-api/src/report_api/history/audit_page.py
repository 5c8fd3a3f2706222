"""The audit log: who did what, by date, person and text, and as a file."""

from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response
from halosync.domain.acts import Act
from halosync.domain.audit_sentences import KINDS
from halosync.ports.audit import NEWEST_FIRST, AuditSort, EntryChoice
from pydantic import AfterValidator

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.history.actors import actor_name
from report_api.history.audit_choice import ActorName, AnyText, Since, Until, audit_csv, known_zone
from report_api.ports import PortsHere
from report_api.web.addresses import partner_url
from report_api.web.csv_export import for_reader
from report_api.web.fields import QueryText
from report_api.web.paging import NumberedPage
from report_api.web.rendering import page
from report_api.web.sorting import known_sort, order_of

router = partner_pages()

_PAGE = 50
_OF_RUNS = {
    Act.RUN_STARTED,
    Act.PREVIEW_STARTED,
    Act.UNDO_STARTED,
    Act.UNDO_PREVIEW_STARTED,
    Act.ITEMS_APPROVED,
    Act.REMOVALS_APPROVED,
    Act.SHRUNK_READ_ACCEPTED,
    Act.RUN_CANCELLED,
}
"""Acts whose subject is a run."""


def _zone_or_utc(name: str) -> str:
    """Return the name of a zone: UTC without one, as a page without scripts has it, and for one unknown here."""
    try:
        return known_zone(name or "UTC")
    except ValueError:
        return "UTC"


Zone = Annotated[QueryText, Query(max_length=100), AfterValidator(_zone_or_utc)]
"""The time zone of the days: the reader's, in which the page shows the times."""

After = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
"""The entry behind which the page begins."""


Sort = Annotated[
    str,
    Query(description="By what entries are sorted, a minus in front: from behind; empty: newest first."),
    AfterValidator(partial(known_sort, list(AuditSort))),
]


async def _choice(
    *,
    act: str = "",
    since: Since = None,
    until: Until = None,
    zone: Zone = "UTC",
    actor: ActorName = "",
    q: AnyText = "",
    sort: Sort = "",
) -> EntryChoice:
    """Return what was asked for; a kind of act that there is not means all."""
    acts = [known for known in Act if known == act]
    order = order_of(AuditSort, sort) or NEWEST_FIRST
    return EntryChoice(acts or None, since, until, actor or None, q.strip() or None, zone, order)


Choice = Annotated[EntryChoice, Depends(_choice)]


@router.get("/audit")
async def show(
    *,
    request: Request,
    visitor: VisitorHere,
    ports: PortsHere,
    choice: Choice,
    sort: Sort = "",
    after: After = None,
) -> Response:
    """Show a page of the log as it was asked for."""
    entries = await ports.audit.page(visitor.partner_id, choice, after=after, most=_PAGE + 1)
    chosen = next(iter(choice.acts or ()), "")
    asked = {
        "act": chosen,
        "since": choice.since,
        "until": choice.until,
        "actor": choice.actor or "",
        "q": choice.q or "",
        "zone": choice.zone if choice.since or choice.until else "",
        "sort": sort,
    }
    here = partner_url(visitor.partner_id, "audit")
    filters = {name: str(value or "") for name, value in asked.items()}
    return page(
        request,
        "history/audit.html",
        tab="audit",
        entries=entries[:_PAGE],
        older=entries[_PAGE - 1].audit_id if len(entries) > _PAGE else None,
        is_first=after is None,
        asked=asked,
        narrowed=choice.narrowed,
        query=urlencode({name: value for name, value in filters.items() if value}),
        listing=NumberedPage.whole(here, filters, len(entries)),
        sort=sort,
        kinds=sorted(KINDS.items(), key=lambda kind: kind[1]),
        actors={each.name: actor_name(each) for each in await ports.audit.actors(visitor.partner_id)},
        who=actor_name,
        of_runs=_OF_RUNS,
        here=here,
    )


@router.get("/audit/entries.csv")
async def download(*, visitor: VisitorHere, ports: PortsHere, choice: Choice) -> Response:
    """Send every entry that was asked for as a CSV file."""
    return audit_csv(ports, visitor.partner_id, choice, for_reader())
