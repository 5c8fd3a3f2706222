"""What every page passes first: who looks, at which partner, and whether a form is ours."""

from collections.abc import Callable, Coroutine
from functools import partial
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from halosync.domain.roles import Role

from report_api.access.limits import within_limits
from report_api.access.needed_role import SAFE, RoleRoute, require, with_roles
from report_api.access.session import asked_by_person, recognise, signed_in
from report_api.ports import ports_of
from report_api.web.forms import is_csrf_token
from report_api.web.own_pages import HOME, is_own_origin, page_of_form
from report_api.web.problem_answers import respond, wants_page
from report_api.web.problems import Problem, not_found
from report_api.web.visitor import SignedIn, Visitor

_FORM_MEDIA = ("application/x-www-form-urlencoded", "multipart/form-data")

Handler = Callable[[Request], Coroutine[None, None, Response]]


class PublicPageRoute(APIRoute):
    """A page that everybody may see. What a form sent as a file is closed when it has been answered."""

    def get_route_handler(self) -> Handler:
        """Return the handler behind the checks."""
        handle = super().get_route_handler()

        async def closing(request: Request) -> Response:
            try:
                return await self.guarded(request, handle)
            finally:
                await request.close()

        return closing

    async def guarded(self, request: Request, handle: Handler) -> Response:
        """Return the answer of the page, or what it gets instead."""
        return await handle(request)


class SignedInPageRoute(PublicPageRoute):
    """A page that needs a session. A form must carry the session's token and come from a page of ours."""

    async def guarded(self, request: Request, handle: Handler) -> Response:
        """Return the answer of the page, or what it gets instead; take away the notices that it has shown."""
        visitor = await signed_in(request)
        if visitor is None:
            return _to_sign_in(request)
        request.state.visitor = visitor
        try:
            response = await within_limits(
                request,
                visitor.session.principal,
                lambda: self.answered(request, visitor, handle),
                partial(ports_of(request).sessions.is_open, visitor.token, request.path_params.get("partner", "")),
            )
        except Problem as problem:  # here and not outside: its page shows the session's notices too
            await recognise(request)
            response = respond(request, problem)
        shown = getattr(request.state, "notices_shown", None)
        # A script that loads a page again to see what is new shows no notice to anybody.
        if shown and asked_by_person(request):
            await ports_of(request).sessions.drop_notices(visitor.token, shown)
        return response

    async def answered(self, request: Request, visitor: SignedIn, handle: Handler) -> Response:
        """Return the answer of the page, or what it gets instead.

        Raises:
            Problem: the page, the partner or the form is not for this visitor.
        """
        answer = await self.admit(request, visitor)
        if answer is not None:
            return answer
        if request.method not in SAFE:
            await require_own_form(request, visitor.token)
        return await handle(request)

    async def admit(self, request: Request, visitor: SignedIn) -> Response | None:
        """Return None to let the request pass, or the answer it gets instead."""
        del request, visitor  # a page without a partner admits everybody who is signed in
        return None


class PartnerPageRoute(RoleRoute, SignedInPageRoute):
    """A page below `/portal/{partner}`. What the session may not see is 404, as in the API (spec section 7)."""

    async def admit(self, request: Request, visitor: SignedIn) -> Response | None:
        """Decide which partner the page is about, and whether the visitor may do there what the page does.

        Who may enter several partners picks the one to act for. So a page that was left open in another tab does
        nothing to the partner of before.
        """
        partner_id = request.path_params["partner"]
        role = visitor.session.principal.role_at(partner_id)
        header = visitor.session.header
        if role is None or header is None:
            raise not_found()
        if visitor.session.acts_for != partner_id:
            if request.method not in SAFE:
                detail = (
                    "You now act for another partner, so nothing was done. Pick the partner again, then try once more."
                )
                raise Problem(409, "acts_for_another", detail)
            query = urlencode({"partner": partner_id, "next": _address(request)})
            return RedirectResponse(f"/partners?{query}", status_code=303)
        request.state.visitor = Visitor(visitor.token, visitor.session, header, role)
        require(role, self.needed_role)
        return None


def public_pages() -> APIRouter:
    """Return a router for pages that everybody may see."""
    return APIRouter(route_class=PublicPageRoute, include_in_schema=False)


def signed_in_pages() -> APIRouter:
    """Return a router for pages that need a session but no partner."""
    return APIRouter(route_class=SignedInPageRoute, include_in_schema=False)


def partner_pages(*, sees: Role = Role.VIEWER, changes: Role | None = None) -> APIRouter:
    """Return a router for pages below `/portal/{partner}`.

    Args:
        sees: the role that GET needs.
        changes: the role that a form needs; None: each route with one declares its own.
    """
    route = with_roles(PartnerPageRoute, sees=sees, changes=changes)
    return APIRouter(prefix="/portal/{partner}", route_class=route, include_in_schema=False)


async def require_own_form(request: Request, cookie: str) -> None:
    """Let a form pass only if it comes from a page of ours in the same browser.

    Raises:
        Problem: 403, with what to do; 415 for what is no form.
    """
    if not request.headers.get("content-type", "").startswith(_FORM_MEDIA):
        raise Problem(415, "unsupported_media_type", "This address takes the forms of the portal only.")
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    foreign = site not in {"same-origin", "none"} or (origin is not None and not is_own_origin(request, origin))
    form = await request.form()
    if foreign or not is_csrf_token(form.get("csrf"), cookie):
        detail = "This form was not made for your session. Nothing was done. Open the page again and try once more."
        raise Problem(403, "form_not_ours", detail)


def _to_sign_in(request: Request) -> Response:
    if not wants_page(request):
        raise Problem(401, "unauthorized", "Your session has ended. Sign in again.")
    safe = request.method in SAFE
    query = {"next": _address(request)} if safe else {"next": page_of_form(request) or HOME, "ended": "1"}
    return RedirectResponse(f"/sign-in?{urlencode(query)}", status_code=303)


def _address(request: Request) -> str:
    path = quote(request.scope["path"], safe="/")
    return f"{path}?{request.url.query}" if request.url.query else path
