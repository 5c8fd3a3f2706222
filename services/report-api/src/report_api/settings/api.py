"""The settings of a partner (spec section 3)."""

from fastapi import APIRouter
from halosync.contracts.settings import PartnerSettings
from halosync.domain.roles import Role

from report_api.access.api_guard import ActorHere, Partner, partner_router
from report_api.ports import Ports, PortsHere
from report_api.settings.service import stored_settings
from report_api.web.problems import responses

router: APIRouter = partner_router("Settings", changes=Role.ADMIN)


@router.get("/settings", summary="Show the settings")
async def show(partner: Partner, ports: PortsHere) -> PartnerSettings:
    """The partner's settings; `rate_limit` is the one in force, also when it is the services' default."""
    return await _effective(ports, partner)


@router.put("/settings", responses=responses(400, 413), summary="Replace the settings")
async def replace(partner: Partner, settings: PartnerSettings, by: ActorHere, ports: PortsHere) -> PartnerSettings:
    """Replace all settings: what is left out gets its default. A run that has planned keeps those it planned with."""
    # The default is shown as a value, and comes back as one; it must go on following the services.
    own = None if settings.rate_limit == ports.rate_limit else settings.rate_limit
    await ports.partners.save_settings(partner, settings.model_copy(update={"rate_limit": own}), by=by)
    return await _effective(ports, partner)


async def _effective(ports: Ports, partner: str) -> PartnerSettings:
    settings = await stored_settings(ports, partner)
    return settings.model_copy(update={"rate_limit": settings.rate_limit or ports.rate_limit})
