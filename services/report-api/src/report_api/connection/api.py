"""The connection to the partner's Halo."""

from fastapi import APIRouter
from halosync.contracts.connection import RequestRefused

from report_api.access.api_keys import ActorHere
from report_api.access.partner_api import Partner, partner_router
from report_api.connection import connection_test
from report_api.connection.models import ConnectBegun, Connection, ConnectionTestResult, ConnectRequest
from report_api.connection.service import begin_connection, end_connection, refusal
from report_api.ports import PortsHere
from report_api.web.problems import responses

router: APIRouter = partner_router("Connection")


@router.get("/connection", summary="Show the connection")
async def show(partner: Partner, ports: PortsHere) -> Connection:
    """Where the connection to the partner's Halo stands."""
    return Connection.model_validate(await ports.connections.view(partner))


@router.post("/connection", summary="Connect", responses=responses(400, 409, 413))
async def begin(partner: Partner, wanted: ConnectRequest, by: ActorHere, ports: PortsHere) -> ConnectBegun:
    """Begin a connection: send the browser to `authorize_url`; Halo sends it back to `/accounts/` within 10 minutes."""
    url = await begin_connection(ports, partner, tenant=wanted.tenant, client_id=wanted.client_id, by=by)
    return ConnectBegun(authorize_url=url)


@router.delete("/connection", status_code=204, summary="Disconnect", responses=responses(409))
async def end(partner: Partner, by: ActorHere, ports: PortsHere) -> None:
    """Erase the tokens. What was loaded and reported stays."""
    await end_connection(ports, partner, by=by)


@router.post("/connection/test", summary="Test the connection", responses=responses(409))
async def test(partner: Partner, ports: PortsHere) -> ConnectionTestResult:
    """Read a little of the partner's clients and licences in Halo, now: it uses two requests of Halo's limit.

    409 says what a person must mend (`not_connected`, `connection_broken`, `permission_denied`, `unexpected_answer`);
    503 that trying again helps: `rate_limited`, with the time as `retry_at`, or `unavailable`.
    """
    reply = await connection_test.test_connection(ports, partner)
    if isinstance(reply, RequestRefused):
        raise refusal(reply)
    return ConnectionTestResult.model_validate(reply)
