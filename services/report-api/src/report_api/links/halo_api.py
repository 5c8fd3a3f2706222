"""What was last read from Halo, and reading it again."""

from fastapi import APIRouter
from halosync.store.runs import NotConnectedError
from pydantic import TypeAdapter

from report_api.access.api_guard import Partner, partner_router
from report_api.links.models import HaloClient, HaloClientPage, LicenceName, LicenceNamePage, RefreshStarted
from report_api.ports import PortsHere
from report_api.web.fields import QueryText, Search
from report_api.web.paging import BigInt, CursorText, Keyset, Limit
from report_api.web.problems import NOT_CONNECTED, responses

router: APIRouter = partner_router("Mapping")

_CLIENTS = Keyset("clients", TypeAdapter[tuple[str, int]](tuple[QueryText, BigInt]))
_NAMES = Keyset("licence-names", TypeAdapter[str](QueryText))


@router.get("/halo/clients", summary="List Halo's clients")
async def list_clients(
    partner: Partner, ports: PortsHere, q: Search = None, cursor: CursorText = None, limit: Limit = 100
) -> HaloClientPage:
    """The clients of the last read, by name, inactive ones too."""
    after = _CLIENTS.after(cursor)
    read_at = await ports.links.read_at(partner)
    rows = [] if read_at is None else await ports.links.clients(partner, q=q, after=after, most=limit + 1)
    page, following = _CLIENTS.split(rows, limit, lambda client: (client.name, client.id))
    clients = [HaloClient(id=client.id, name=client.name, inactive=client.inactive) for client in page]
    return HaloClientPage(items=clients, next_cursor=following, read_at=read_at)


@router.get("/halo/licence-names", summary="List Halo's licence names")
async def list_licence_names(
    partner: Partner, ports: PortsHere, q: Search = None, cursor: CursorText = None, limit: Limit = 100
) -> LicenceNamePage:
    """The names of the licences of the last read, each once."""
    after = _NAMES.after(cursor)
    read_at = await ports.links.read_at(partner)
    rows = [] if read_at is None else await ports.links.licence_names(partner, q=q, after=after, most=limit + 1)
    page, following = _NAMES.split(rows, limit, lambda named: named[0])
    names = [LicenceName(name=name, licences=licences) for name, licences in page]
    return LicenceNamePage(items=names, next_cursor=following, read_at=read_at)


@router.post("/halo/refresh", status_code=202, responses=responses(409), summary="Read Halo again")
async def refresh(partner: Partner, ports: PortsHere) -> RefreshStarted:
    """Read clients and licences again; the lists' `read_at` tells when it is done. Nothing is written to Halo."""
    try:
        return RefreshStarted(read_id=await ports.links.request_refresh(partner))
    except NotConnectedError:
        raise NOT_CONNECTED from None
