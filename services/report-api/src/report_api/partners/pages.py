"""The partners that somebody may enter: how each stands, who needs somebody first, and which to act for."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse
from halosync.domain.natural_order import natural_key
from halosync.ports.partners import Partner
from halosync.ports.readiness import PartnerReadiness
from pydantic import AfterValidator

from report_api.access.page_guard import signed_in_pages
from report_api.access.pages.sign_in import Following
from report_api.access.session import notify
from report_api.partners import sentences
from report_api.ports import Ports, PortsHere
from report_api.web.fields import QueryText
from report_api.web.own_pages import HOME, local_path
from report_api.web.paging import NumberedPage, PageNumber
from report_api.web.problems import not_found
from report_api.web.rendering import page
from report_api.web.sorting import Sorts
from report_api.web.visitor import SignedIn

router = signed_in_pages()

HERE = "/partners"
A_PAGE = 50
MOST = 10_000
"""The most partners that are read; nobody has so many."""

_BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)

SORTS: Sorts[PartnerReadiness] = Sorts(
    # Who needs somebody stands first, then where most money is not synchronised.
    usual=lambda each: (not each.needs_attention, each.connection != "broken", -abs(each.not_synchronised)),
    by={
        "name": lambda each: natural_key(each.name),
        "state": sentences.state_order,
        "invoice": lambda each: each.period or "",
        "sync": lambda each: each.finished_at or _BEFORE_ALL,
        "money": lambda each: abs(each.not_synchronised),
    },
    then=lambda each: (natural_key(each.name), each.partner_id),
)

Sort = Annotated[str, Query(description="By what partners are sorted."), AfterValidator(SORTS.known)]

Typed = Annotated[QueryText, Query(max_length=200)]


@router.get(HERE)
async def partners(
    *,
    request: Request,
    ports: PortsHere,
    partner: str | None = None,
    following: Following = None,
    q: Typed = "",
    sort: Sort = "",
    number: PageNumber = 1,
) -> Response:
    """Show the partners, those that need somebody first; `partner` is the one whose page was asked for."""
    visitor = _picks(request)
    wanted = None if partner is None else _one(await _open_to(visitor, ports), partner)
    standing = [] if wanted else await _standing(visitor, ports, q.strip(), sort)
    listing = NumberedPage(HERE, {"q": q.strip(), "sort": sort}, number, A_PAGE, len(standing))
    return page(
        request,
        "partners/partners.html",
        partners=standing[listing.skip : listing.skip + listing.size],
        listing=listing,
        sort=sort,
        in_need=sum(each.needs_attention for each in standing),
        wanted=wanted,
        next=local_path(following),
        home=HOME,
        acts_for=visitor.session.acts_for,
        sentences=sentences,
    )


@router.post(HERE)
async def pick(request: Request, ports: PortsHere) -> Response:
    """Act for a partner from now on. The audit log of the partner shows it."""
    visitor = _picks(request)
    form = await request.form()
    given, following = str(form.get("partner", "")), form.get("next")
    chosen = _one(await _open_to(visitor, ports), given)
    await ports.sessions.act_for(visitor.token, visitor.session, chosen.partner_id)
    await notify(request, f"You act for {chosen.name} now. Everything you do is in its audit log.", "info")
    target = local_path(following if isinstance(following, str) else None)
    return RedirectResponse(target, status_code=303)


def _picks(request: Request) -> SignedIn:
    visitor: SignedIn = request.state.visitor
    if not visitor.picks_partner:
        raise not_found()
    return visitor


async def _open_to(visitor: SignedIn, ports: Ports) -> Sequence[Partner]:
    role_at = visitor.session.principal.role_at
    return [partner for partner in await ports.partners.list() if role_at(partner.partner_id) is not None]


async def _standing(visitor: SignedIn, ports: Ports, q: str, sort: str) -> list[PartnerReadiness]:
    """Return the partners that the visitor may enter, sorted as a person asks."""
    role_at, text = visitor.session.principal.role_at, q.casefold()
    found = [
        each
        for each in await ports.readiness.page(most=MOST)
        if role_at(each.partner_id) is not None and (text in each.name.casefold() or text in each.partner_id.casefold())
    ]
    return SORTS.sorted(found, sort)


def _one(every: Sequence[Partner], partner_id: str) -> Partner:
    for partner in every:
        if partner.partner_id == partner_id:
            return partner
    raise not_found()
