"""Halo's licences as last read, and those that a partner keeps whatever the invoice says (spec section 9)."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from halosync.domain.roles import Role
from pydantic import TypeAdapter

from report_api.access.api_guard import ActorHere, Partner, partner_router
from report_api.links.models import HaloLicence, HaloLicencePage, KeepRequest
from report_api.links.sentences import NO_LICENCE
from report_api.ports import PortsHere
from report_api.web.fields import Search
from report_api.web.paging import BigInt, CursorText, Keyset, Limit
from report_api.web.problems import not_found, responses

router: APIRouter = partner_router("Mapping", changes=Role.BILLER)

_LICENCES = Keyset("licences", TypeAdapter[int](BigInt))

LicenceId = Annotated[BigInt, Path(description="The licence's id in Halo.")]
Kept = Annotated[bool, Query(description="True: only those that are kept.")]


@router.get("/halo/licences", summary="List Halo's licences")
async def list_licences(
    *,
    partner: Partner,
    ports: PortsHere,
    kept: Kept = False,
    q: Search = None,
    cursor: CursorText = None,
    limit: Limit = 100,
) -> HaloLicencePage:
    """The licences of the last read, inactive ones too, by id; `q` looks at their names and their clients'."""
    after = _LICENCES.after(cursor)
    read_at = await ports.snapshots.read_at(partner)
    found = (
        [] if read_at is None else await ports.halo_licences.page(partner, q=q, kept=kept, after=after, most=limit + 1)
    )
    page, following = _LICENCES.split(found, limit, lambda licence: licence.halo_licence_id)
    licences = [HaloLicence.model_validate(licence) for licence in page]
    return HaloLicencePage(items=licences, next_cursor=following, read_at=read_at)


@router.put("/halo/licences/{halo_licence_id}", responses=responses(400, 413), summary="Keep a licence")
async def keep(
    partner: Partner, halo_licence_id: LicenceId, wanted: KeepRequest, by: ActorHere, ports: PortsHere
) -> HaloLicence:
    """Keep a licence: no run removes it, the item says `kept`. It is still brought up to date. `false` lets it go."""
    licence = await ports.halo_licences.keep(partner, halo_licence_id, keep=wanted.keep, by=by)
    if licence is None:
        raise not_found(NO_LICENCE)
    return HaloLicence.model_validate(licence)
