"""Who may call the API (spec sections 7 and 10): a key sees its partner, an operator's key every partner."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request, Response, Security
from fastapi.security import HTTPBearer
from halosync.domain.acts import Actor
from halosync.domain.roles import Principal, Role

from report_api.access.limits import within_limits
from report_api.access.needed_role import RoleRoute, require, with_roles
from report_api.access.wrong_keys import told_wrong_key
from report_api.ports import ports_of
from report_api.web.problems import Problem, not_found, responses

BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    description="An API key. It belongs to one partner, or to an operator, who sees all partners.",
)
"""Shown in the OpenAPI description; the check itself is the route's."""


class KeyRoute(RoleRoute):
    """A route that needs an API key. Who asks is decided before anything of the request is read or judged.

    FastAPI's own dependencies run after the body is parsed; a stranger would learn of its mistakes in the body first.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        """Return the handler behind the check."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            principal = await authenticate(request)
            request.state.principal = principal

            async def answer() -> Response:
                require(await self.role(request, principal), self.needed_role)
                return await handle(request)

            in_use = partial(ports_of(request).keys.in_use, principal.key_id)
            return await within_limits(request, principal, answer, in_use)

        return guarded

    async def role(self, request: Request, principal: Principal) -> Role:
        """Return what the key may do at this address.

        Raises:
            Problem: 404, the key may not see what the address is about.
        """
        raise NotImplementedError


class PartnerRoute(KeyRoute):
    """A route below `/v1/partners/{partner}`."""

    async def role(self, request: Request, principal: Principal) -> Role:
        """Return what the key may do for the partner."""
        partner_id = request.path_params["partner"]
        role = principal.role_at(partner_id)
        if role is None or (principal.is_operator and not await ports_of(request).partners.exists(partner_id)):
            raise not_found()
        return role


class OperatorRoute(KeyRoute):
    """A route for operators, about no partner or all of them. To others it is not there."""

    async def role(self, request: Request, principal: Principal) -> Role:
        """Return what the operator's key may do."""
        del request
        role = principal.role_at(None)
        if role is None:
            raise not_found()
        return role


async def authenticate(request: Request) -> Principal:
    """Return who asks.

    Raises:
        Problem: 401 without a valid key, 429 after many wrong ones.
    """
    scheme, _, api_key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not api_key.strip():
        raise _unauthorised("Send your API key: Authorization: Bearer <api key>.", "Bearer")
    principal = await ports_of(request).keys.authenticate(api_key.strip())
    if principal is None:
        await told_wrong_key(request)
        raise _unauthorised("This API key is unknown or revoked.", 'Bearer error="invalid_token"')
    return principal


def _unauthorised(detail: str, challenge: str) -> Problem:
    return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": challenge})


async def _principal(request: Request) -> Principal:
    return cast("Principal", request.state.principal)


async def _actor(request: Request) -> Actor:
    return (await _principal(request)).actor


PrincipalHere = Annotated[Principal, Depends(_principal)]
"""Who asks, as an argument of a route."""

ActorHere = Annotated[Actor, Depends(_actor)]
"""Who asks, as the audit log has it."""


Partner = Annotated[str, Path(description="The partner's id.", examples=["acme-msp"])]
"""The partner of the address; `PartnerRoute` has checked that the key may see it."""


def partner_router(tag: str, *, sees: Role = Role.VIEWER, changes: Role | None = None) -> APIRouter:
    """Return a router below `/v1/partners/{partner}` whose every route is guarded by an API key and a role.

    Args:
        tag: the heading in the description.
        sees: the role that GET needs.
        changes: the role that everything else needs; None: each such route declares its own.
    """
    return _router(PartnerRoute, tag, "/v1/partners/{partner}", sees, changes)


def operator_router(tag: str, *, sees: Role = Role.VIEWER, changes: Role | None = None) -> APIRouter:
    """Return a router below `/v1` for operators' keys; `sees` and `changes` as of `partner_router`."""
    return _router(OperatorRoute, tag, "/v1", sees, changes)


def _router(route: type[KeyRoute], tag: str, prefix: str, sees: Role, changes: Role | None) -> APIRouter:
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=with_roles(route, sees=sees, changes=changes),
        dependencies=[Security(BEARER)],
        responses=responses(401, 403, 404, 422, 429, 503),
    )
