"""Who may call the API (spec section 7): a key sees its partner, an operator's key every partner."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from halosync.domain.acts import Actor
from halosync.store.keys import Principal

from report_api.ports import ports_of
from report_api.web.problems import Problem, not_found, responses

BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    description="An API key. It belongs to one partner, or to an operator, who sees all partners.",
)
"""Shown in the OpenAPI description; the check itself is `PartnerRoute`'s."""


class PartnerRoute(APIRoute):
    """A route below `/v1/partners/{partner}`. Who asks is decided before anything of the request is read or judged.

    FastAPI's own dependencies run after the body is parsed; a stranger would learn of its mistakes in the body first.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler behind the check."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            request.state.principal = await authorise(request, request.path_params["partner"])
            return await handle(request)

        return guarded


async def authorise(request: Request, partner_id: str) -> Principal:
    """Return who asks.

    Raises:
        Problem: 401 without a valid key; 404 if there is no such partner or the key may not see it.
    """
    scheme, _, api_key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not api_key.strip():
        raise _unauthorised("Send your API key: Authorization: Bearer <api key>.", "Bearer")
    principal = await ports_of(request).keys.authenticate(api_key.strip())
    if principal is None:
        raise _unauthorised("This API key is unknown or revoked.", 'Bearer error="invalid_token"')
    if principal.partner_id is None:
        if not await ports_of(request).partners.exists(partner_id):
            raise not_found()
    elif principal.partner_id != partner_id:
        raise not_found()
    return principal


def _unauthorised(detail: str, challenge: str) -> Problem:
    return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": challenge})


def _principal(request: Request) -> Principal:
    return cast("Principal", request.state.principal)


def _actor(request: Request) -> Actor:
    return _principal(request).actor


PrincipalHere = Annotated[Principal, Depends(_principal)]
"""Who asks, as an argument of a route."""

ActorHere = Annotated[Actor, Depends(_actor)]
"""Who asks, as the audit log has it."""


Partner = Annotated[str, Path(description="The partner's id.", examples=["acme-msp"])]
"""The partner of the address; `PartnerRoute` has checked that the key may see it."""


def partner_router(tag: str) -> APIRouter:
    """Return a router below `/v1/partners/{partner}` whose every route is guarded by an API key."""
    return APIRouter(
        prefix="/v1/partners/{partner}",
        tags=[tag],
        route_class=PartnerRoute,
        dependencies=[Security(BEARER)],
        responses=responses(401, 404, 422, 503),
    )
