"""What Halo's redirect brings back, and who may complete the log-in with it (spec section 10).

A browser that may not complete it here and now carries it to the page that asks, in a cookie for that page alone. The
cookie needs no signature: it counts for nothing unless its state, a secret of ours, belongs to an open attempt of the
partner that the visitor acts for; and its code unless Halo gave it for that attempt (PKCE).
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Any

from fastapi import Request, Response
from halosync.contracts.connection import CompleteConnection, ConnectionCompleted, RequestRefused
from halosync.domain.roles import Role
from halosync.ports.connections import OpenAttempt, hash_state
from halosync.ports.requests import NoReplyError
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from report_api.access.needed_role import require
from report_api.access.session import browser_session, clear_cookie, cookie, set_cookie
from report_api.connection.service import read_now, requested_by
from report_api.ports import Ports
from report_api.web.visitor import SignedIn

COOKIE = "log-in"
COOKIE_LIFETIME_S = 600
"""As long as an attempt is open (spec section 7)."""

MOST_COOKIE_BYTES = 3800
"""Browsers drop a cookie of more than 4096 bytes, its name and attributes included."""


class Returned(BaseModel):
    """What came with Halo's redirect; `iss` is who Halo says it is, where it says so."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    state: Annotated[str, Field(max_length=500)]
    code: Annotated[SecretStr, Field(max_length=4000)]
    iss: Annotated[str, Field(max_length=500)] | None = None

    async def attempt(self, ports: Ports) -> OpenAttempt | None:
        """Return the attempt that it completes; None if that has expired, was used, or never was."""
        return await ports.connections.open_attempt(hash_state(self.state))

    @property
    def fingerprint(self) -> str:
        """What a form carries to say which log-in a person has seen."""
        return hash_state(self.state).hex()


def returned_of(request: Request) -> Returned | None:
    """Return what the browser carries from Halo's redirect; None if there is nothing that makes sense."""
    kept = cookie(request, COOKIE)
    try:
        return Returned.model_validate_json(urlsafe_b64decode((kept or "").encode("ascii", "replace")))
    except ValueError:
        return None


def keep(request: Request, response: Response, returned: Returned) -> bool:
    """Let the browser carry it to the page that asks; False if it is too long for a cookie."""
    given = {"state": returned.state, "code": returned.code.get_secret_value(), "iss": returned.iss}
    encoded = urlsafe_b64encode(json.dumps(given).encode()).decode()
    if len(encoded) > MOST_COOKIE_BYTES:
        return False
    set_cookie(request, response, COOKIE, encoded, lifetime_s=COOKIE_LIFETIME_S)
    return True


def forget(request: Request, response: Response) -> None:
    """Take it from the browser."""
    clear_cookie(request, response, COOKIE)


def began(attempt: OpenAttempt, visitor: SignedIn) -> bool:
    """Tell whether this browser session began the attempt, and acts for its partner still."""
    same = attempt.session == bytes.fromhex(browser_session(visitor.token))
    return same and visitor.session.acts_for == attempt.partner_id


def require_admin(visitor: SignedIn, attempt: OpenAttempt) -> None:
    """Let pass who may connect the partner of the attempt.

    Raises:
        Problem: 403, with who may.
    """
    require(visitor.session.principal.role_at(attempt.partner_id), Role.ADMIN)


async def complete(
    ports: Ports, returned: Returned, visitor: SignedIn, attempt: OpenAttempt, *, confirmed: bool
) -> str | None:
    """Have auth complete the log-in for a visitor; return why it did not, as the `problem` of an address has it.

    auth decides anew whether the visitor may: what is found here only saves the question.

    Raises:
        Problem: 403, the visitor's role may not connect.
    """
    require_admin(visitor, attempt)
    problem = await ask(
        ports,
        partner_id=attempt.partner_id,
        session=browser_session(visitor.token),
        confirmed=confirmed,
        requested_by=requested_by(visitor.actor),
        state=returned.state,
        code=returned.code,
        iss=returned.iss,
    )
    if problem is None:
        await read_now(ports, attempt.partner_id)
    return problem


async def ask(ports: Ports, **came: Any) -> str | None:
    """Have auth complete a log-in; return why it did not, as the `problem` of an address has it."""
    try:
        request = CompleteConnection.model_validate(came)
        reply = await ports.services.ask(request)
    except ValidationError:
        return "invalid_state"
    except NoReplyError:
        return "unavailable"
    match reply:
        case ConnectionCompleted():
            return None
        case RequestRefused(code="halo_unavailable" | "part_away"):
            return "unavailable"
        case RequestRefused():
            return reply.code
        case _:
            raise TypeError(f"auth answered with {reply.message_type}")
