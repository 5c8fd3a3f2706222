"""Pages from templates: Jinja with autoescape, so that nothing a partner, Halo or an invoice says becomes markup."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from os import PathLike, stat_result
from typing import Any, TypeAlias

from fastapi import Request
from fastapi.responses import HTMLResponse
from halosync.ports.sessions import Notice
from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from starlette import staticfiles
from starlette.responses import Response
from starlette.types import Scope

from report_api.web import formats
from report_api.web.addresses import partner_url
from report_api.web.attributes import Attributes, Exact, exact
from report_api.web.directions import contained
from report_api.web.languages import spoken
from report_api.web.navigation import navigation_of
from report_api.web.row_links import RowLinks
from report_api.web.unindented import Unindented
from report_api.web.visitor import SignedIn, Visitor

ROOMS = (
    *("web", "access", "connection", "settings", "links", "runs", "invoices", "months", "history"),
    *("partners", "search", "webhooks"),
)
"""The rooms with pages; a template is named by its room: `runs/run.html`."""

SYMBOLS: Mapping[str, str] = {"good": "✓", "bad": "!", "warn": "!", "info": "i", "wait": "…", "none": "–"}
"""What stands before a state or a notice, by its kind, so that it does not depend on colour."""

Values: TypeAlias = dict[str, Any]
"""What a template sees, by name; the template alone says what it makes of each."""

STATIC = resources.files("report_api.web") / "static"

HEADERS = {
    # No script and no style but our own files: what slips into a page as markup stays dead.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    # With `no-referrer` browsers hide the origin of our own forms from us.
    "Referrer-Policy": "same-origin",
}


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page. Templates see `values`, the visitor, and what the navigation needs.

    The session's notices are shown once, by the first page that is rendered after they were said.
    """
    visitor: SignedIn | None = getattr(request.state, "visitor", None)
    notices: Sequence[Notice] = visitor.session.notices if visitor else ()
    request.state.notices_shown = notices
    links = RowLinks(request.scope["raw_path"].decode("ascii"))
    around = {
        "visitor": visitor,
        "partner": visitor.partner if isinstance(visitor, Visitor) else None,
        "navigation": navigation_of(visitor),
        "notices": notices,
        "dates_tag": spoken().dates_tag,
        "near": links.near,
        "customer_link": links.customer,
        "licence_link": links.licence,
    }
    html = _environment().get_template(template).render(**around, **values)
    return HTMLResponse(html, status_code=status, headers=HEADERS)


def keep_notices(request: Request) -> None:
    """Have the next page, too, show the notices that the page made for this request shows."""
    request.state.notices_shown = ()


def fragment(template: str, **values: object) -> str:
    """Return a piece of a page that depends on `values` alone; live events carry it."""
    return _environment().get_template(template).render(**values)


def static_url(name: str) -> str:
    """Return the address of a static file; it changes with the file, so browsers may keep it for good."""
    return f"/static/{name}?v={_fingerprint(name)}"


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


_STANDS_AS_IT_IS = (Markup, Exact)


def _as_shown(value: object) -> object:
    """Return what stands in a page for a value: a text turns the direction of nothing behind it.

    In an attribute it stands as it is: it turns nothing outside, and a form sends it back.
    """
    return contained(value) if isinstance(value, str) and not isinstance(value, _STANDS_AS_IT_IS) else value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PrefixLoader({room: PackageLoader(f"report_api.{room}") for room in ROOMS}),
        autoescape=True,
        extensions=[Attributes, Unindented],
        finalize=_as_shown,
        auto_reload=False,  # templates are part of the program
        undefined=StrictUndefined,  # a misspelt name is an error, not an empty cell
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "static_url": static_url,
        "partner_url": partner_url,
        "sample": formats.sample,
        "SYMBOLS": SYMBOLS,
    }
    environment.filters |= formats.FILTERS
    environment.filters[exact.__name__] = exact
    return environment


_FOR_GOOD = "public, max-age=31536000, immutable"


class StaticFiles(staticfiles.StaticFiles):
    """The files of `static/`. An address with a version is of one content only, so browsers may keep it."""

    def __init__(self) -> None:
        super().__init__(directory=str(STATIC))

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return a file with how long it may be kept."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        kept = _FOR_GOOD if scope["query_string"].startswith(b"v=") else "no-cache"
        response.headers["Cache-Control"] = kept
        return response
