"""Who looks at a page: the session behind the cookie, and the partner it acts for."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, cast

from fastapi import Depends, Request, Response
from halosync.ports.sessions import Notice, NoticeKind

from report_api.ports import ports_of
from report_api.web.visitor import SignedIn, Visitor

_BYTES = 32


def session_token(request: Request) -> str | None:
    """Return the session's token that the browser sent, if any."""
    return cookie(request, "session")


def browser_session(token: str) -> str:
    """Return what auth knows of a session: the same for the same browser, and of no use for signing in."""
    return hashlib.sha256(f"halosync connects {token}".encode()).hexdigest()


def set_session(request: Request, response: Response, token: str) -> None:
    """Give the browser a session. The cookie ends with the browser; the server may end the session earlier."""
    set_cookie(request, response, "session", token)


def clear_session(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    clear_cookie(request, response, "session")


def visit_token(request: Request) -> str:
    """Return the token of a browser that has not signed in, a new one if it has none.

    It protects the sign-in form only and is never taken for a session: signing in gives a new token.
    """
    return cookie(request, "visit") or secrets.token_urlsafe(_BYTES)


def set_visit(request: Request, response: Response, token: str) -> None:
    """Give the browser the token of the sign-in form."""
    set_cookie(request, response, "visit", token)


def cookie(request: Request, what: str) -> str | None:
    """Return a cookie of ours that the browser sent, if any."""
    return request.cookies.get(_name(request, what)) or None


def set_cookie(request: Request, response: Response, what: str, text: str, *, lifetime_s: int | None = None) -> None:
    """Give the browser a cookie that no script can read; without a lifetime it ends with the browser.

    Lax, not strict: Halo's log-in leads back to us from its own site, and that page must know who has come.
    """
    response.set_cookie(
        _name(request, what),
        text,
        max_age=lifetime_s,
        path="/",
        secure=_is_https(request),
        httponly=True,
        samesite="lax",
    )


def clear_cookie(request: Request, response: Response, what: str) -> None:
    """Take a cookie from the browser."""
    secure = _is_https(request)
    response.delete_cookie(_name(request, what), path="/", secure=secure, httponly=True, samesite="lax")


def _name(request: Request, what: str) -> str:
    # A browser takes `__Host-` only from us ourselves, over https: no sibling domain can plant one.
    return f"__Host-halosync-{what}" if _is_https(request) else f"halosync-{what}"


def _is_https(request: Request) -> bool:
    return ports_of(request).public_url.startswith("https://")


async def signed_in(request: Request) -> SignedIn | None:
    """Return the session behind the request's cookie, if there is one in use."""
    token = session_token(request)
    if token is None:
        return None
    at = request.path_params.get("partner")
    session = await ports_of(request).sessions.find(token, in_use=asked_by_person(request), at=at)
    return None if session is None else SignedIn(token, session)


def asked_by_person(request: Request) -> bool:
    """Tell whether a person asked, and not a script of a page that may stand open on a screen that nobody watches."""
    return request.headers.get("sec-fetch-mode", "navigate") == "navigate"


async def recognise(request: Request) -> None:
    """Let the page of a problem show the navigation: find who looks, and the partner that the session acts for.

    The partner of the address may be another one, or none of ours; nothing of it is shown.
    """
    visitor: SignedIn | None = getattr(request.state, "visitor", None)
    if visitor is None and (found := await signed_in(request)) is not None:
        # No route knew the address, so nothing takes the notices away that its page would show.
        visitor = replace(found, session=replace(found.session, notices=()))
    if visitor is None or isinstance(visitor, Visitor):
        return
    request.state.visitor = visitor
    acts_for = visitor.session.acts_for
    role = None if acts_for is None else visitor.session.principal.role_at(acts_for)
    if acts_for is not None and role is not None:
        header = await ports_of(request).sessions.header(acts_for)
        if header is not None:
            request.state.visitor = Visitor(visitor.token, visitor.session, header, role)


def visitor_of(request: Request) -> Visitor:
    """Return who looks at a partner's page; `PartnerPage` has decided it."""
    return cast("Visitor", request.state.visitor)


async def _visitor_here(request: Request) -> Visitor:
    return visitor_of(request)


VisitorHere = Annotated[Visitor, Depends(_visitor_here)]
"""Who looks, as an argument of a page."""


async def notify(
    request: Request, text: str, kind: NoticeKind = "good", *, undo: tuple[str, Sequence[tuple[str, str]]] = ("", ())
) -> None:
    """Keep a notice for the next page that this session sees; `undo` is the form that takes back what was done."""
    visitor = cast("SignedIn", request.state.visitor)
    await ports_of(request).sessions.add_notice(visitor.token, Notice(kind, text, *undo))
