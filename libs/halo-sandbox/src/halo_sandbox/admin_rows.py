"""The control surface's view of rows, history and requests, and the hand of a person working in Halo."""

from dataclasses import asdict

from pydantic import TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from halo_sandbox import history
from halo_sandbox.admin_endpoint import Endpoint, number, reply
from halo_sandbox.model import Licence, licence_row
from halo_sandbox.seeds import ClientSeed, LicenceChange, LicenceSeed, RecurringLineSeed
from halo_sandbox.tenant import Tenant

_CLIENTS = TypeAdapter(list[ClientSeed])
_LICENCES = TypeAdapter(list[LicenceSeed])
_LINES = TypeAdapter(list[RecurringLineSeed])
_CHANGE = TypeAdapter(LicenceChange)


async def _list_clients(_request: Request, tenant: Tenant) -> Response:
    return reply([asdict(client) for client in tenant.clients.values()])


async def _add_clients(request: Request, tenant: Tenant) -> Response:
    return reply([asdict(client) for client in tenant.add_clients(_CLIENTS.validate_json(await request.body()))], 201)


async def _list_licences(request: Request, tenant: Tenant) -> Response:
    client_id, deleted = number(request, "client_id", 0), request.query_params.get("deleted") == "true"
    wanted = (one for one in tenant.licences.ever() if (deleted or not one.deleted) and client_id in (0, one.client_id))
    return reply([licence_row(licence) for licence in wanted])


async def _add_licences(request: Request, tenant: Tenant) -> Response:
    added = tenant.add_licences(_LICENCES.validate_json(await request.body()))
    return reply([licence_row(licence) for licence in added], 201)


async def _change_licence(request: Request, tenant: Tenant) -> Response:
    change = _CHANGE.validate_json(await request.body())
    if change.get("client_id", next(iter(tenant.clients), None)) not in tenant.clients:
        raise ValueError(f"there is no client {change.get('client_id')}")
    return reply(licence_row(tenant.licences.update(_licence(request, tenant), change, request=None)))


async def _delete_licence(request: Request, tenant: Tenant) -> Response:
    still_listed = tenant.settings.delete_shows_inactive
    tenant.licences.delete(_licence(request, tenant), request=None, still_listed=still_listed)
    return Response(status_code=204)


async def _list_recurring_lines(_request: Request, tenant: Tenant) -> Response:
    return reply([{**asdict(line), "billed": tenant.billed(line)} for line in tenant.recurring_lines])


async def _add_recurring_lines(request: Request, tenant: Tenant) -> Response:
    return reply([asdict(line) for line in tenant.add_recurring_lines(_LINES.validate_json(await request.body()))], 201)


def _licence(request: Request, tenant: Tenant) -> Licence:
    licence = tenant.licences.get(request.path_params["id"])
    if licence is None or licence.deleted:
        raise HTTPException(404, f"there is no licence {request.path_params['id']}")
    return licence


async def _history(request: Request, tenant: Tenant) -> Response:
    effects = tenant.licences.history[number(request, "since", 0) :]
    return reply(
        [
            {
                **effect._asdict(),
                "before": licence_row(effect.before) if effect.before else None,
                "after": licence_row(effect.after),
            }
            for effect in effects
        ]
    )


async def _duplicates(_request: Request, tenant: Tenant) -> Response:
    return reply([duplicate._asdict() for duplicate in history.duplicates(tenant.licences.history)])


async def _requests(request: Request, tenant: Tenant) -> Response:
    return reply([asdict(entry) for entry in tenant.requests.since(number(request, "since", 0))])


ENDPOINTS: list[tuple[str, str, Endpoint]] = [
    ("GET", "/clients", _list_clients),
    ("POST", "/clients", _add_clients),
    ("GET", "/licences", _list_licences),
    ("POST", "/licences", _add_licences),
    ("PATCH", "/licences/{id:int}", _change_licence),
    ("DELETE", "/licences/{id:int}", _delete_licence),
    ("GET", "/recurring-lines", _list_recurring_lines),
    ("POST", "/recurring-lines", _add_recurring_lines),
    ("GET", "/history", _history),
    ("GET", "/duplicates", _duplicates),
    ("GET", "/requests", _requests),
]
"""Method, path below the tenant, endpoint."""
