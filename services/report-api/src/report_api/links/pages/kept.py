"""The button that keeps a licence: no run removes it from then on (spec section 9, setting `keep`)."""

from typing import Annotated

from fastapi import Path, Request, Response
from halosync.domain.roles import Role

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere, notify
from report_api.links.customers import read_client_id
from report_api.links.pages.replies import text_of
from report_api.links.sentences import NO_LICENCE
from report_api.ports import PortsHere
from report_api.web.addresses import see_other
from report_api.web.forms import LIST_QUERY, list_query_of
from report_api.web.problems import not_found

router = partner_pages(changes=Role.BILLER)

_BACK = ("removals", "held")
"""The pages of what a run holds from where a licence is kept: of its removals, which is the usual one, and of all."""

LicenceId = Annotated[str, Path(alias="halo_licence_id", max_length=40)]


@router.post("/licence/{halo_licence_id}/keep")
async def keep(request: Request, visitor: VisitorHere, ports: PortsHere, licence_id: LicenceId) -> Response:
    """Keep a licence, or let it go, and lead back to where that was said: its page, or what a run holds."""
    form, halo_licence_id = await request.form(), read_client_id(licence_id)
    keeps, run_id = text_of(form, "keep") == "yes", text_of(form, "run_id")
    licence = None
    if halo_licence_id is not None:
        licence = await ports.halo_licences.keep(visitor.partner_id, halo_licence_id, keep=keeps, by=visitor.actor)
    if licence is None:
        raise not_found(NO_LICENCE)
    called = f'"{licence.name}" #{licence.halo_licence_id}'
    if not keeps:
        told = f"{called} is not kept any more: a run removes it when the invoice asks for that."
    elif run_id:
        told = f"{called} is kept from now on. Preview again for what is left."
    else:
        told = f"{called} is kept from now on: no run removes it."
    tab = next((each for each in _BACK if each == text_of(form, "back")), _BACK[0])
    back = [("keep", "" if keeps else "yes"), ("run_id", run_id), ("back", tab)]
    back.append((LIST_QUERY, text_of(form, LIST_QUERY)))
    await notify(request, told, "good" if keeps else "info", undo=(f"licence/{licence.halo_licence_id}/keep", back))
    if run_id:
        return see_other(visitor.partner_id, "runs", run_id, tab, **list_query_of(form))
    return see_other(visitor.partner_id, "licence", str(licence.halo_licence_id), **list_query_of(form))
