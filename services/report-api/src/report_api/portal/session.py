"""Who looks at a page: the session behind the cookie, and the partner it acts for."""

from dataclasses import dataclass
from typing import Annotated, cast
from urllib.parse import urlsplit

from fastapi import Depends, Request
from halosync.domain.acts import Actor
from halosync.store.sessions import Notice, NoticeKind, PartnerFrame, Session

from report_api.portal.cookies import csrf_token, session_token
from report_api.ports import ports_of

HOME = "/portal/"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser with a session. `token` is the session's secret: it is never shown or logged."""

    token: str
    session: Session

    def __repr__(self) -> str:
        """Leave the token out of tracebacks and logs."""
        return f"SignedIn({self.session!r})"

    @property
    def actor(self) -> Actor:
        """Who acts, for the audit log and for runs."""
        return self.session.actor

    @property
    def is_operator(self) -> bool:
        """An operator sees all partners and picks one to act for."""
        return self.session.principal.partner_id is None

    @property
    def csrf(self) -> str:
        """What every form of this session carries."""
        return csrf_token(self.token)


@dataclass(frozen=True, slots=True, repr=False)
class Visitor(SignedIn):
    """Somebody who looks at a page of the partner that the session acts for."""

    partner: PartnerFrame

    @property
    def partner_id(self) -> str:
        """The partner of the page."""
        return self.partner.partner_id


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
