"""Reading Halo again, for the tabs that link to what is in it."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response
from halosync.domain.roles import Role
from halosync.ports.run_start import NotConnectedError

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere
from report_api.links.list_page import View
from report_api.links.pages.replies import refuse, text_of
from report_api.ports import PortsHere
from report_api.web.addresses import see_other
from report_api.web.problems import not_found

router = partner_pages(changes=Role.BILLER)

TABS = ("customers", "licences")
_NEVER = "never"


@dataclass(frozen=True, slots=True)
class AwaitedRead:
    """A read that this page waits for. `since` is when Halo was read before it was asked for, or `never`."""

    since: str
    came: bool

    @classmethod
    def of(cls, request: Request, read_at: datetime | None) -> "AwaitedRead | None":
        """Return the read that the address says was asked for, and whether it has come in."""
        since = request.query_params.get("reading")
        return None if since is None else cls(since, came=since != stamp(read_at))


def stamp(read_at: datetime | None) -> str:
    """Return when Halo was read, for comparing."""
    return _NEVER if read_at is None else read_at.isoformat()


@router.post("/halo-psa/read")
async def read_again(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Ask for Halo to be read again; the page that follows tells when that has come in."""
    form = await request.form()
    tab = text_of(form, "tab")
    if tab not in TABS:
        raise not_found()
    read_at = await ports.snapshots.read_at(visitor.partner_id)
    try:
        await ports.snapshots.request_read(visitor.partner_id)
    except NotConnectedError:
        return await refuse(request, tab, form, "Halo is not connected, so it cannot be read. Connect it on Halo PSA.")
    query = {**View.back(text_of(form, "back")).query, "reading": stamp(read_at)}
    return see_other(visitor.partner_id, tab, **query)


@router.get("/halo-psa/read.json")
async def last_read(visitor: VisitorHere, ports: PortsHere) -> dict[str, object]:
    """Say when Halo was last read, for the script that waits for it."""
    return {"read_at": stamp(await ports.snapshots.read_at(visitor.partner_id))}
