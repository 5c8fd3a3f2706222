"""The audit log of a partner: who did what, newest first."""

from typing import Annotated

from fastapi import Query, Request, Response
from halosync.domain.acts import AUTO_SYNC, COMMAND_LINE, UNNAMED, Act, Actor
from halosync.domain.audit_wording import KINDS, short_id

from report_api.access.partner_pages import partner_pages
from report_api.access.session import VisitorHere
from report_api.ports import PortsHere
from report_api.web.rendering import page

router = partner_pages()

_PAGE = 50
_NOT_KEYS = {AUTO_SYNC: "Automatic sync", COMMAND_LINE: "Command line", UNNAMED: "Unknown"}
_OF_RUNS = {Act.RUN_STARTED, Act.PREVIEW_STARTED, Act.REMOVALS_APPROVED, Act.SHRUNK_READ_ACCEPTED, Act.RUN_CANCELLED}
"""Acts whose subject is a run."""

After = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
"""The entry behind which the page begins."""


@router.get("/audit")
async def show(
    request: Request, visitor: VisitorHere, ports: PortsHere, act: str = "", after: After = None
) -> Response:
    """Show a page of the log, of one kind of act if one is chosen; a kind that there is not means all."""
    chosen = next((known for known in Act if known == act), None)
    acts = None if chosen is None else [chosen]
    entries = await ports.audit.page(visitor.partner_id, after=after, most=_PAGE + 1, acts=acts)
    return page(
        request,
        "history/audit.html",
        tab="audit",
        entries=entries[:_PAGE],
        older=entries[_PAGE - 1].audit_id if len(entries) > _PAGE else None,
        is_first=after is None,
        chosen=chosen or "",
        kinds=sorted(KINDS.items(), key=lambda kind: kind[1]),
        who=_who,
        of_runs=_OF_RUNS,
    )


def _who(actor: Actor) -> str:
    if actor.key_id is not None and actor.name == str(actor.key_id):
        return f"Key {short_id(actor.name)}"
    return _NOT_KEYS.get(actor, actor.name)
