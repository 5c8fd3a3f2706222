"""A log-in to Halo that the API began: who brings it back sees partner and tenant, and is asked (spec section 10).

Without this page a link would be enough to have somebody connect their Halo to a partner that they never heard of.
"""

from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from halosync.domain.connection_sentences import REFUSALS
from halosync.ports.connections import OpenAttempt

from report_api.access.page_guard import signed_in_pages
from report_api.connection.returned import Returned, began, complete, forget, require_admin, returned_of
from report_api.ports import Ports, PortsHere
from report_api.web.addresses import see_other
from report_api.web.rendering import page
from report_api.web.visitor import SignedIn

CONFIRM = "/accounts/confirm"

router = signed_in_pages()


@router.get(CONFIRM)
async def ask(request: Request, ports: PortsHere) -> Response:
    """Name the partner and the tenant of the log-in that came back, and ask."""
    visitor: SignedIn = request.state.visitor
    returned, attempt, refusal = await _seen(request, ports, visitor)
    if returned is None or attempt is None:
        return _refused(request, refusal)
    if visitor.session.acts_for != attempt.partner_id:  # an operator, who picked the partner to act for
        query = urlencode({"partner": attempt.partner_id, "next": CONFIRM})
        return RedirectResponse(f"/partners?{query}", status_code=303)
    return page(request, "connection/confirm.html", attempt=attempt, action=CONFIRM, seen=returned.fingerprint)


@router.post(CONFIRM)
async def agree(request: Request, ports: PortsHere) -> Response:
    """Complete the log-in, or forget it."""
    visitor: SignedIn = request.state.visitor
    returned, attempt, refusal = await _seen(request, ports, visitor)
    if returned is None or attempt is None:
        return _refused(request, refusal)
    form = await request.form()
    if form.get("seen") != returned.fingerprint or visitor.session.acts_for != attempt.partner_id:
        # Another log-in came back meanwhile, or another partner was picked: what was agreed to is not what is there.
        return RedirectResponse(CONFIRM, status_code=303)
    if form.get("answer") == "connect":
        problem = await complete(ports, returned, visitor, attempt, confirmed=True)
        query = {"connected": "1"} if problem is None else {"problem": problem}
        response = see_other(attempt.partner_id, "halo-psa", **query)
    else:
        response = see_other(attempt.partner_id, "halo-psa")
    forget(request, response)
    return response


async def _seen(request: Request, ports: Ports, visitor: SignedIn) -> tuple[Returned | None, OpenAttempt | None, str]:
    """Return the log-in that the browser carries and its attempt, if the visitor may decide about it; else why not.

    Raises:
        Problem: 403, the visitor's role may not connect.
    """
    returned = returned_of(request)
    attempt = None if returned is None else await returned.attempt(ports)
    if returned is None or attempt is None:
        return None, None, "invalid_state"
    if visitor.session.principal.role_at(attempt.partner_id) is None:
        return None, None, "other_partner"
    if attempt.session is not None and not began(attempt, visitor):
        return None, None, "other_session"
    require_admin(visitor, attempt)
    return returned, attempt, ""


def _refused(request: Request, code: str) -> Response:
    response = page(request, "connection/not_confirmed.html", 409, problem=REFUSALS[code])
    forget(request, response)
    return response
