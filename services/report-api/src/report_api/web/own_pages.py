"""Which addresses are pages of ours: where to lead a person, whatever an address or a header says."""

from urllib.parse import urlsplit, urlunsplit

from fastapi import Request

from report_api.ports import ports_of

HOME = "/portal/"


def is_own_origin(request: Request, origin: str) -> bool:
    """Tell whether an origin is ours: that under which people know us, or that which the browser asks now."""
    own = {ports_of(request).public_url, f"{request.url.scheme}://{request.headers.get('host', '')}"}
    return origin in own


def local_path(text: str | None) -> str:
    """Return where to go after signing in: a page of the portal, never another site, whatever the address says."""
    return text if text is not None and _is_local(text) else HOME


def page_of_form(request: Request) -> str | None:
    """Return the page that a form was sent from, as far as the browser tells it and it is ours."""
    try:
        came_from = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # brackets that are no address
        return None
    path = urlunsplit(("", "", came_from.path, came_from.query, ""))
    ours = is_own_origin(request, f"{came_from.scheme}://{came_from.netloc}") and _is_local(path)
    return path if ours else None


def _is_local(text: str) -> bool:
    if not text.isprintable() or "\\" in text or not text.startswith((HOME, "/partners", "/accounts/")):
        return False
    parts = urlsplit(text)
    return not parts.scheme and not parts.netloc
