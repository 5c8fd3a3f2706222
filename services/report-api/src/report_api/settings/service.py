"""The settings of a partner, for calls and pages."""

from halosync.contracts.settings import PartnerSettings

from report_api.ports import Ports
from report_api.web.problems import not_found


async def stored_settings(ports: Ports, partner_id: str) -> PartnerSettings:
    """Return the settings as they are stored; a rate limit of None follows the services' default.

    Raises:
        Problem: 404, there is no such partner.
    """
    settings = await ports.partners.settings(partner_id)
    if settings is None:
        raise not_found()
    return settings
