"""Testing a partner's connection to Halo: the planner reads a little of it, for the API and for the portal."""

from halosync.contracts.connection import ConnectionTested, RequestRefused, TestConnection
from halosync.ports.requests import NoReplyError

from report_api.ports import Ports

Tested = ConnectionTested
Refused = RequestRefused


async def test_connection(ports: Ports, partner: str) -> Tested | Refused:
    """Return what was read, or why nothing could be; `Refused.detail` says what to do.

    The answer comes within seconds; that nobody answered is a refusal as well (`halo_unavailable`).
    """
    try:
        reply = await ports.auth.ask(TestConnection(partner_id=partner))
    except NoReplyError:
        detail = "The test got no answer in time. Please try again in a few minutes."
        return Refused(code="halo_unavailable", detail=detail, partner_id=partner)
    if not isinstance(reply, Tested | Refused):
        raise TypeError(f"the planner answered with {reply.message_type}")
    return reply
