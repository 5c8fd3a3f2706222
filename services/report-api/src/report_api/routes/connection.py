"""The connection to the partner's Halo. auth does the work; it alone has the tokens (spec section 5.6)."""

from fastapi import APIRouter
from halosync.contracts.connection import (
    BeginConnection,
    ConnectionBegun,
    ConnectionEnded,
    EndConnection,
    RequestedBy,
    RequestRefused,
)
from halosync.contracts.message import Message
from halosync.domain.tenant import InvalidTenant, normalise_tenant
from halosync.store.audit import Actor

from report_api.models.partner import ConnectBegun, Connection, ConnectRequest
from report_api.ports import PortsHere
from report_api.problems import Problem, invalid, not_found, responses, unavailable
from report_api.routes.router import Partner, partner_router
from report_api.security import ActorHere

router: APIRouter = partner_router("Connection")


@router.get("/connection", summary="Show the connection")
async def show(partner: Partner, ports: PortsHere) -> Connection:
    """Where the connection to the partner's Halo stands."""
    return Connection.model_validate(await ports.connections.view(partner))


@router.post("/connection", summary="Connect", responses=responses(409))
async def begin(partner: Partner, wanted: ConnectRequest, by: ActorHere, ports: PortsHere) -> ConnectBegun:
    """Begin a connection: send the browser to `authorize_url`; Halo sends it back to `/accounts/` within 10 minutes."""
    try:
        tenant = normalise_tenant(wanted.tenant)
    except InvalidTenant as error:
        raise invalid("tenant", str(error)) from None
    reply = await ports.auth.ask(
        BeginConnection(partner_id=partner, tenant=tenant, client_id=wanted.client_id, requested_by=requested_by(by))
    )
    if not isinstance(reply, ConnectionBegun):
        raise refusal(reply)
    return ConnectBegun(authorize_url=reply.authorize_url)


@router.delete("/connection", status_code=204, summary="Disconnect", responses=responses(409))
async def end(partner: Partner, by: ActorHere, ports: PortsHere) -> None:
    """Erase the tokens. What was loaded and reported stays."""
    reply = await ports.auth.ask(EndConnection(partner_id=partner, requested_by=requested_by(by)))
    if not isinstance(reply, ConnectionEnded):
        raise refusal(reply)


def requested_by(actor: Actor) -> RequestedBy:
    """Return who asks, as messages have it."""
    return RequestedBy(name=actor.name, key_id=actor.key_id, is_operator=actor.is_operator)


def refusal(reply: Message) -> Problem:
    """Return what the caller is told when auth could not do what was asked."""
    if not isinstance(reply, RequestRefused):
        raise TypeError(f"auth answered with {reply.message_type}")
    match reply.code:
        case "unknown_partner":
            return not_found()
        case "invalid_tenant":
            return invalid("tenant", reply.detail)
        case "invalid_client":
            return invalid("client_id", reply.detail)
        case "halo_unavailable":
            return unavailable(reply.detail)
        case _:
            return Problem(409, reply.code, reply.detail)
