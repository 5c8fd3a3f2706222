"""Why a number is so: the history of a licence, and of a line (spec section 11)."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path
from halosync.ports.histories import Step

from report_api.access.api_guard import Partner, partner_router
from report_api.history.licence_models import HistoryStep, LicenceHistory
from report_api.history.sentences import NO_LICENCE, NO_LINE
from report_api.links.licences_api import LicenceId
from report_api.links.models import HaloLicence
from report_api.ports import Ports, PortsHere
from report_api.web.fields import QueryText
from report_api.web.problems import not_found

router: APIRouter = partner_router("History")

AnyText = Annotated[QueryText, Path(description="Percent-encoded; it may hold any character.")]


@router.get("/halo/licences/{halo_licence_id}/history", summary="Show why a licence is as it is")
async def licence_history(partner: Partner, halo_licence_id: LicenceId, ports: PortsHere) -> LicenceHistory:
    """Lines summed, link used, run, before and after, who started and approved it, under which settings; until now."""
    steps = await ports.histories.of_licence(partner, halo_licence_id)
    shown = await _shown(ports, partner, steps, halo_licence_id)
    if not steps and shown.now is None:
        raise not_found(NO_LICENCE)
    return shown


@router.get("/invoices/{invoice_id:path}/lines/{line_id:path}/history", summary="Show what became of a line")
async def line_history(partner: Partner, invoice_id: AnyText, line_id: AnyText, ports: PortsHere) -> LicenceHistory:
    """The same for a line: what each run made of it, in every revision of its invoice."""
    steps = await ports.histories.of_line(partner, invoice_id, line_id)
    if steps is None:
        raise not_found(NO_LINE)
    known = [step.halo_licence_id for step in steps if step.halo_licence_id is not None]
    return await _shown(ports, partner, steps, known[-1] if known else None)


async def _shown(ports: Ports, partner: str, steps: Sequence[Step], halo_licence_id: int | None) -> LicenceHistory:
    now = None if halo_licence_id is None else await ports.halo_licences.find(partner, halo_licence_id)
    return LicenceHistory(
        items=[HistoryStep.model_validate(step) for step in steps],
        now=None if now is None else HaloLicence.model_validate(now),
    )
