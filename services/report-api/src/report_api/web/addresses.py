"""Addresses of a partner's pages."""

from functools import lru_cache
from urllib.parse import quote, urlencode

from fastapi.responses import RedirectResponse

_ABOVE = 3
"""How many slashes stand before the parts of a partner's page: those of `/portal/acme-msp/`."""


def partner_url(partner_id: str, *parts: str) -> str:
    """Return the address of a partner's page, such as `/portal/acme-msp/report`."""
    return "/portal/" + "/".join(map(_quoted, (partner_id, *parts)))


def near_url(path: str, *parts: str, **query: str | None) -> str:
    """Return the same address as `partner_url` does, as short as a page at `path` may write it: `../customer/C-1`.

    Args:
        path: the page's own, as it is written in its address; below `/portal/acme-msp/`.
        parts: of the page it leads to.
        query: of the page it leads to; what is None or empty is left out.
    """
    asked = "&".join([f"{name}={_quoted(value)}" for name, value in query.items() if value])
    return "../" * (path.count("/") - _ABOVE) + "/".join(map(_quoted, parts)) + ("?" + asked if asked else "")


@lru_cache(maxsize=1000)
def _quoted(part: str) -> str:
    """Return a part of an address as it is written there; the rows of a table share most of them."""
    return quote(part, safe="")


def see_other(partner_id: str, /, *parts: str, **query: str) -> RedirectResponse:
    """Return the answer to a form that was carried out: look at this page now."""
    address = partner_url(partner_id, *parts)
    return RedirectResponse(f"{address}?{urlencode(query)}" if query else address, status_code=303)
