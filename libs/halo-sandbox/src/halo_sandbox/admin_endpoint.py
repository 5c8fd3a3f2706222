"""How the control surface answers, and how it says that a request does not fit."""

from collections.abc import Awaitable, Callable, Mapping

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from halo_sandbox.model import ENCODE
from halo_sandbox.tenant import Tenant

Endpoint = Callable[[Request, Tenant], Awaitable[Response]]


def reply(body: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(ENCODE(body), status, media_type="application/json")


def with_tenant(endpoint: Endpoint, tenants: Mapping[str, Tenant]) -> Callable[[Request], Awaitable[Response]]:
    """Hand an endpoint the tenant of the path; 404 where there is none."""

    async def endpoint_of_tenant(request: Request) -> Response:
        tenant = tenants.get(request.path_params["tenant"])
        if tenant is None:
            raise HTTPException(404, f"there is no tenant {request.path_params['tenant']!r}")
        return await endpoint(request, tenant)

    return endpoint_of_tenant


def answer_errors(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Turn what does not fit into a 422 that names the place: `{"errors": [{"loc", "msg"}]}`."""

    async def with_errors(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ValidationError as error:
            return reply({"errors": [{"loc": one["loc"], "msg": one["msg"]} for one in error.errors()]}, 422)
        except ValueError as error:
            return reply({"errors": [{"loc": [], "msg": str(error)}]}, 422)

    return with_errors


def number(request: Request, name: str, default: int) -> int:
    """A whole number of the query.

    Raises:
        ValueError: it is none.
    """
    return int(request.query_params.get(name, default))
