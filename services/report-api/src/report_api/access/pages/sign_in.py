"""Sign in with an API key, and sign out."""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from report_api.access.page_guard import public_pages, require_own_form, signed_in_pages
from report_api.access.session import (
    clear_session,
    set_session,
    set_visit,
    signed_in,
    visit_token,
)
from report_api.access.wrong_keys import told_wrong_key
from report_api.ports import PortsHere, ports_of
from report_api.web.addresses import partner_url
from report_api.web.forms import csrf_token
from report_api.web.navigation import first_page
from report_api.web.own_pages import HOME, local_path
from report_api.web.problems import Problem
from report_api.web.rendering import page
from report_api.web.visitor import SignedIn

public_router = public_pages()
router = signed_in_pages()

Following = Annotated[str | None, Query(alias="next")]
"""Where to go afterwards; `local_path` keeps it on our pages."""

_WRONG_KEY = (
    "This API key is unknown or was revoked. Copy the whole key, it begins with hs_. If you have lost it, ask the "
    "person who manages the API keys for a new one; keys cannot be shown again."
)
_NO_KEY = "Enter your API key."


@public_router.get("/")
async def root(request: Request) -> Response:
    """Lead a browser to the portal; tell a program what this is."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(HOME, status_code=303)
    return Response('{"name":"halosync report API","openapi":"/openapi.json"}', media_type="application/json")


@public_router.get("/sign-in")
async def show_sign_in(request: Request, following: Following = None, ended: str | None = None) -> Response:
    """Show the form, or go on if somebody is signed in already."""
    if await signed_in(request) is not None:
        return RedirectResponse(local_path(following), status_code=303)
    return sign_in_page(request, following=local_path(following), ended=ended == "1")


@public_router.post("/sign-in")
async def sign_in(request: Request, ports: PortsHere) -> Response:
    """Open a session. The cookie is new whatever the browser sent, so nobody can plant one (session fixation)."""
    form = await request.form()
    given, following = form.get("api_key"), form.get("next")
    target = local_path(following if isinstance(following, str) else None)
    try:
        await require_own_form(request, visit_token(request))
    except Problem as problem:
        return sign_in_page(request, status=problem.status_code, following=target, error=problem.detail)
    api_key = given.strip() if isinstance(given, str) else ""
    principal = await ports.keys.authenticate(api_key) if api_key and "\0" not in api_key else None
    if principal is None:
        if api_key:
            await told_wrong_key(request)
        error = _WRONG_KEY if api_key else _NO_KEY
        return sign_in_page(request, status=422, following=target, error=error)
    response = RedirectResponse(target, status_code=303)
    set_session(request, response, await ports.sessions.open(principal))
    return response


def sign_in_page(
    request: Request,
    *,
    status: int = 200,
    following: str = HOME,
    ended: bool = False,
    error: str | None = None,
    problem: str | None = None,
) -> Response:
    """Return the page that signs in.

    Args:
        request: what is answered.
        status: of the answer.
        following: where to go afterwards, a page of ours.
        ended: somebody's session had ended, and so nothing was done.
        error: what is wrong with the API key.
        problem: why somebody could not sign in as a person.
    """
    token = visit_token(request)
    values = {"next": following, "ended": ended, "error": error, "problem": problem}
    by_openid = ports_of(request).sign_in_service is not None
    response = page(request, "access/sign_in.html", status, csrf=csrf_token(token), by_openid=by_openid, **values)
    set_visit(request, response, token)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, ports: PortsHere) -> Response:
    """End the session, here and in the database."""
    visitor: SignedIn = request.state.visitor
    await ports.sessions.close(visitor.token, visitor.session)
    response = RedirectResponse("/sign-in", status_code=303)
    clear_session(request, response)
    return response


@router.get(HOME)
async def home(request: Request, ports: PortsHere) -> Response:
    """Lead to the month of the partner that the session acts for, or to the page that connects its Halo."""
    acts_for = request.state.visitor.session.acts_for
    header = None if acts_for is None else await ports.sessions.header(acts_for)
    target = "/partners" if header is None else partner_url(header.partner_id, first_page(header.connection))
    return RedirectResponse(target, status_code=303)
