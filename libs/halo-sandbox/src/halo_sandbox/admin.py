"""The control surface below `/admin`: tenants, tokens, faults. Not a part of Halo."""

from collections.abc import MutableMapping

from pydantic import JsonValue, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from halo_sandbox import admin_rows, oauth, scopes
from halo_sandbox.admin_endpoint import Endpoint, answer_errors, reply, with_tenant
from halo_sandbox.faults import ActiveRule, Rule
from halo_sandbox.seeds import ForeignRequests, TenantSeed, TokenRequest
from halo_sandbox.settings import TenantSettings
from halo_sandbox.tenant import Tenant
from halo_sandbox.tokens import TokenFamily

_SETTINGS: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])
# The first part of a path of the sandbox itself can be no tenant's name.
_RESERVED = {"admin", "api", "auth", "healthz"}


def routes(tenants: MutableMapping[str, Tenant], defaults: TenantSettings) -> list[BaseRoute]:
    """The routes of the control surface.

    Args:
        tenants: The tenants of the sandbox; they are added and removed here.
        defaults: Settings of a tenant that brings none of its own.
    """

    async def list_tenants(_request: Request) -> Response:
        return reply(sorted(tenants))

    async def put_tenant(request: Request) -> Response:
        name = request.path_params["tenant"]
        if name in _RESERVED:
            raise ValueError(f"{name!r} can be no tenant's name")
        tenant = Tenant.seeded(name, TenantSeed.model_validate_json(await request.body() or b"{}"), defaults)
        replaced, tenants[name] = tenants.get(name), tenant
        if replaced is not None:
            replaced.close()
        return reply(_summary(tenant), 201 if replaced is None else 200)

    async def delete_tenant(_request: Request, tenant: Tenant) -> Response:
        tenant.close()
        del tenants[tenant.name]
        return Response(status_code=204)

    on_tenant: list[tuple[str, str, Endpoint]] = [
        ("GET", "", _get),
        ("PATCH", "", _patch),
        ("DELETE", "", delete_tenant),
        ("POST", "/tokens", _issue_tokens),
        ("POST", "/tokens/revoke", _revoke_tokens),
        ("POST", "/tokens/expire", _expire_tokens),
        ("POST", "/foreign-requests", _foreign_requests),
        ("POST", "/faults", _add_fault),
        ("GET", "/faults", _list_faults),
        ("DELETE", "/faults", _clear_faults),
        ("DELETE", "/faults/{id:int}", _delete_fault),
        *admin_rows.ENDPOINTS,
    ]
    return [
        Route("/tenants", answer_errors(list_tenants), methods=["GET"]),
        Route("/tenants/{tenant}", answer_errors(put_tenant), methods=["PUT"]),
        *(
            Route(f"/tenants/{{tenant}}{path}", answer_errors(with_tenant(endpoint, tenants)), methods=[method])
            for method, path, endpoint in on_tenant
        ),
    ]


async def _get(_request: Request, tenant: Tenant) -> Response:
    return reply(_summary(tenant))


async def _patch(request: Request, tenant: Tenant) -> Response:
    tenant.change_settings(tenant.settings.changed(_SETTINGS.validate_json(await request.body())))
    return reply(_summary(tenant))


def _summary(tenant: Tenant) -> dict[str, object]:
    return {
        "tenant": tenant.name,
        "applications": [application.model_dump() for application in tenant.applications.values()],
        "clients": len(tenant.clients),
        "licences": len(tenant.licences),
        "history": len(tenant.licences.history),
        "requests": len(tenant.requests),
        "settings": tenant.settings.model_dump(),
    }


async def _issue_tokens(request: Request, tenant: Tenant) -> Response:
    wanted = TokenRequest.model_validate_json(await request.body())
    asked = scopes.parse(wanted.scope)
    if wanted.client_id not in tenant.applications or asked is None:
        raise ValueError("the application is not registered, or the scope is unknown")
    return reply(oauth.token_answer(tenant, TokenFamily(wanted.client_id, asked), refresh_token=True), 201)


async def _revoke_tokens(_request: Request, tenant: Tenant) -> Response:
    tenant.tokens.revoke()
    return Response(status_code=204)


async def _expire_tokens(_request: Request, tenant: Tenant) -> Response:
    tenant.tokens.expire()
    return Response(status_code=204)


async def _foreign_requests(request: Request, tenant: Tenant) -> Response:
    tenant.count_foreign_requests(ForeignRequests.model_validate_json(await request.body()).n)
    return Response(status_code=204)


async def _add_fault(request: Request, tenant: Tenant) -> Response:
    return reply(_fault(tenant.faults.add(Rule.model_validate_json(await request.body()))), 201)


async def _list_faults(_request: Request, tenant: Tenant) -> Response:
    return reply([_fault(active) for active in tenant.faults.active.values()])


async def _clear_faults(_request: Request, tenant: Tenant) -> Response:
    tenant.faults.active.clear()
    return Response(status_code=204)


async def _delete_fault(request: Request, tenant: Tenant) -> Response:
    removed = tenant.faults.active.pop(request.path_params["id"], None)
    return Response(status_code=204 if removed else 404)


def _fault(active: ActiveRule) -> dict[str, object]:
    rule = active.rule.model_dump(exclude_unset=True)
    return {"id": active.id, "kind": active.rule.action.kind, "matched": active.matched, "hits": active.hits, **rule}
