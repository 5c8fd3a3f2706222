"""Who looks at a page: the session behind the cookie, and the partner it acts for."""

from typing import Annotated, cast
from urllib.parse import urlsplit

from fastapi import Depends, Request
from halosync.store.sessions import Notice, NoticeKind

from report_api.access.cookies import session_token
from report_api.ports import ports_of
from report_api.web.visitor import SignedIn, Visitor

HOME = "/portal/"


async def signed_in(request: Request) -> SignedIn | None:
    """Return the session behind the request's cookie, if there is one in use."""
    token = session_token(request)
    if token is None:
        return None
    session = await ports_of(request).sessions.find(token, in_use=by_a_person(request))
    return None if session is None else SignedIn(token, session)


def by_a_person(request: Request) -> bool:
    """Tell whether a person asked, and not a script of a page that may stand open on a screen that nobody watches."""
    return request.headers.get("sec-fetch-mode", "navigate") == "navigate"


def visitor_of(request: Request) -> Visitor:
    """Return who looks at a partner's page; `PartnerPage` has settled it."""
    return cast("Visitor", request.state.visitor)


VisitorHere = Annotated[Visitor, Depends(visitor_of)]
"""Who looks, as an argument of a page."""


async def say(request: Request, text: str, kind: NoticeKind = "good") -> None:
    """Keep a notice for the next page that this session sees."""
    visitor = cast("SignedIn", request.state.visitor)
    await ports_of(request).sessions.say(visitor.token, Notice(kind, text))


def local_path(text: str | None) -> str:
    """Return where to go after signing in: a page of the portal, never another site, whatever the address says."""
    if text is None or not text.isprintable() or "\\" in text or not text.startswith((HOME, "/partners", "/accounts/")):
        return HOME
    parts = urlsplit(text)
    return HOME if parts.scheme or parts.netloc else text
