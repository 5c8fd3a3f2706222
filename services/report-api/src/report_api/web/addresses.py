"""Addresses of a partner's pages."""

from urllib.parse import quote, urlencode

from fastapi.responses import RedirectResponse


def partner_url(partner_id: str, *parts: str) -> str:
    """Return the address of a partner's page, such as `/portal/acme-msp/report`."""
    return "/portal/" + "/".join(quote(part, safe="") for part in (partner_id, *parts))


def see_other(partner_id: str, *parts: str, **query: str) -> RedirectResponse:
    """Return the answer to a form that was carried out: look at this page now."""
    address = partner_url(partner_id, *parts)
    return RedirectResponse(f"{address}?{urlencode(query)}" if query else address, status_code=303)
