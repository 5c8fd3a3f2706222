"""Signing in as a person, through the sign-in service (spec section 10).

What proves that who comes back was sent by us, in this browser, is in a cookie of a few minutes: nothing is kept for
those who never come back.
"""

import hmac
import json
import secrets
from typing import Annotated

import structlog
from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse
from halosync.domain.roles import Principal
from pydantic import TypeAdapter, ValidationError

from report_api.access.page_guard import public_pages
from report_api.access.pages.sign_in import Following, sign_in_page
from report_api.access.session import clear_cookie, cookie, set_cookie, set_session
from report_api.ports import Ports, PortsHere, SignInAttempt, SignInRefusedError, SignInService, SignInUnavailableError
from report_api.web.own_pages import local_path
from report_api.web.problems import not_found

log = structlog.get_logger(__name__)

router = public_pages()

BEGIN = "/sign-in/openid"
RETURN = "/sign-in/openid/return"
LIFETIME_S = 600
_COOKIE = "openid"
_BYTES = 32
_KEPT = TypeAdapter(tuple[str, str, str, str])

_AWAY = (
    "The sign-in service does not answer as it should at the moment. Try again in a minute. If it stays so, tell "
    "Converge, or sign in with an API key."
)
_NOT_BEGUN = "This sign-in was not begun in this browser, or too long ago. Sign in again."
_DENIED = "The sign-in service has not let you in. Sign in again, or ask whoever runs it in your company."


@router.get(BEGIN)
async def begin(request: Request, ports: PortsHere, following: Following = None) -> Response:
    """Send the browser to the sign-in service."""
    service = _service(ports)
    attempt = SignInAttempt(*(secrets.token_urlsafe(_BYTES) for _ in range(3)))
    try:
        address = await service.address(attempt, _redirect_url(ports))
    except SignInUnavailableError:
        return sign_in_page(request, status=503, following=local_path(following), problem=_AWAY)
    response = RedirectResponse(address, status_code=303)
    kept = json.dumps([attempt.state, attempt.nonce, attempt.code_verifier, local_path(following)])
    set_cookie(request, response, _COOKIE, kept.encode().hex(), lifetime_s=LIFETIME_S)
    return response


@router.get(RETURN)
async def come_back(
    request: Request,
    ports: PortsHere,
    code: Annotated[str, Query(max_length=4000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Open a session for whoever comes back, if the sign-in service vouches for one of our people."""
    service = _service(ports)
    kept = _kept(request)
    if kept is None or not hmac.compare_digest(kept[0].state.encode(), state.encode()):
        return _forgotten(request, sign_in_page(request, status=400, problem=_NOT_BEGUN))
    attempt, following = kept

    def refused(status: int, problem: str) -> Response:
        return _forgotten(request, sign_in_page(request, status=status, following=following, problem=problem))

    if not code:
        return refused(403, _DENIED)
    try:
        email = await service.email(attempt, _redirect_url(ports), code, iss)
    except SignInUnavailableError as error:
        log.warning("nobody can sign in as a person", error=str(error))
        return refused(503, _AWAY)
    except SignInRefusedError as error:
        return refused(403, str(error))
    access = await ports.people.access(email)
    if not access:
        log.warning("somebody signed in who is not among the people", email=email)
        unknown = (
            f"You are signed in as {email}, but nobody has given this address access. Ask an admin of your company "
            "to add it under People."
        )
        return refused(403, unknown)
    response = RedirectResponse(following, status_code=303)
    set_session(request, response, await ports.sessions.open(Principal(email, access)))
    return _forgotten(request, response)


def _service(ports: Ports) -> SignInService:
    if ports.sign_in_service is None:
        raise not_found()
    return ports.sign_in_service


def _redirect_url(ports: Ports) -> str:
    return f"{ports.public_url}{RETURN}"


def _kept(request: Request) -> tuple[SignInAttempt, str] | None:
    """Return the attempt that this browser began, and where it wanted to go."""
    try:
        state, nonce, code_verifier, following = _KEPT.validate_json(bytes.fromhex(cookie(request, _COOKIE) or ""))
    except (ValueError, ValidationError):
        return None
    return SignInAttempt(state, nonce, code_verifier), local_path(following)


def _forgotten(request: Request, response: Response) -> Response:
    clear_cookie(request, response, _COOKIE)
    return response
