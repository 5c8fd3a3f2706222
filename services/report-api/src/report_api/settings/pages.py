"""Settings: everything that a partner can choose (spec section 3)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from fastapi import Request, Response
from halosync.contracts.settings import PartnerSettings
from halosync.domain.countries import countries, country_name
from halosync.domain.invoice_day import next_expected
from halosync.domain.removal_sentences import REMOVAL_EFFECTS
from halosync.domain.roles import Role
from halosync.domain.settings_sentences import describe_changes
from halosync.ports.partners import SettingsChangedError

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere, notify
from report_api.ports import Ports, PortsHere
from report_api.settings.form import NAMES, FormFields, fingerprint, form_of, settings_of
from report_api.settings.service import stored_settings
from report_api.web.addresses import see_other
from report_api.web.rendering import page

router = partner_pages(changes=Role.ADMIN)

_DATES_SHOWN = 3


@router.get("/settings")
async def show(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Show the settings as they are stored."""
    stored = await stored_settings(ports, visitor.partner_id)
    return _page(request, ports, stored, form_of(stored, ports.rate_limit))


@router.post("/settings")
async def save(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Save the settings and say what changed, or show what is wrong with what was entered."""
    form = await request.form()
    entered = {name: str(form.get(name, "")).strip() for name in NAMES}
    stored = await stored_settings(ports, visitor.partner_id)
    settings, errors = settings_of(entered)
    if settings is None:
        return _page(request, ports, stored, entered, errors=errors, status=422)
    if form.get("seen") != fingerprint(stored):
        return _page(request, ports, stored, entered, changed_meanwhile=True, status=409)
    try:
        changes = await ports.partners.save_settings(visitor.partner_id, settings, by=visitor.actor, seen=stored)
    except SettingsChangedError:
        stored = await stored_settings(ports, visitor.partner_id)
        return _page(request, ports, stored, entered, changed_meanwhile=True, status=409)
    if changes:
        await notify(request, f"Saved: {describe_changes(changes)}. It takes effect with the next run.")
    else:
        await notify(request, "Nothing was different, so nothing was changed.", "info")
    return see_other(visitor.partner_id, "settings")


def _page(
    request: Request,
    ports: Ports,
    stored: PartnerSettings,
    entered: FormFields,
    *,
    errors: Mapping[str, str] | None = None,
    changed_meanwhile: bool = False,
    status: int = 200,
) -> Response:
    return page(
        request,
        "settings/settings.html",
        status,
        tab="settings",
        entered=entered,
        seen=fingerprint(stored),
        errors=errors or {},
        changed_meanwhile=changed_meanwhile,
        usual=ports.rate_limit,
        removal_effects=REMOVAL_EFFECTS,
        countries=countries(),
        country=None if stored.country is None else country_name(stored.country),
        next_dates=_next_dates(datetime.now(UTC).date(), stored),
    )


def _next_dates(today: date, settings: PartnerSettings) -> list[date]:
    """Return when the next invoices are expected by these settings, today or later."""
    dates = [today - timedelta(days=1)]
    while len(dates) <= _DATES_SHOWN:
        dates.append(next_expected(dates[-1], settings.invoice_day, settings.country))
    return dates[1:]
