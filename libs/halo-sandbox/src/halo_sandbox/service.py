"""The way of every request into a tenant, without HTTP: log, limit, fault, handler, answer."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate

from halo_sandbox import api, oauth
from halo_sandbox.exchange import Answer, Exchange, RefusedError, json_answer
from halo_sandbox.fault_effects import Connection, meet
from halo_sandbox.request_log import LoggedRequest
from halo_sandbox.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRequest:
    """A request whose body is still to be read."""

    method: str
    path: str
    """What follows `/api/` or `/auth/`."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case, or a mapping that does not mind."""
    body: Callable[[], Awaitable[bytes]]
    base_url: str
    """Where the tenant is reached, without a slash at the end."""
    logged_path: str
    """The path as the request log shows it."""
    logged_query: str = ""


class Service:
    """One part of Halo. `API` and `AUTH` are all there are."""

    def __init__(self, handler: Callable[[Exchange], Answer], *, limited: bool) -> None:
        self._handler, self._limited = handler, limited

    async def serve(self, tenant: Tenant, request: IncomingRequest, connection: Connection) -> None:
        """Serve one request; the answer, or the end of the connection, is a call of `connection`."""
        entry = tenant.requests.open(request.method, request.logged_path, request.logged_query)
        try:
            await self._serve(tenant, request, entry, connection)
        finally:
            tenant.requests.close(entry)

    async def _serve(
        self, tenant: Tenant, request: IncomingRequest, entry: LoggedRequest, connection: Connection
    ) -> None:
        refused = _over_limit(tenant) if self._limited else None
        exchange = Exchange(
            tenant=tenant,
            number=entry.n,
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
            body=await request.body(),
            base_url=request.base_url,
        )
        entry.rows = len(exchange.received())
        if refused is not None:
            entry.status = refused.status
            await connection.answer(refused)
            return
        exchange.hit = tenant.faults.hit(exchange.method, exchange.path, exchange.row_names)
        entry.fault = exchange.hit.action.kind if exchange.hit.time else None
        sent = await meet(exchange, self._handle, connection)
        if sent is not None:
            entry.status, entry.rows = sent.status, entry.rows or sent.rows

    def _handle(self, exchange: Exchange) -> Answer:
        try:
            return self._handler(exchange)
        except RefusedError as refusal:
            return refusal.answer


API = Service(api.answer, limited=True)
"""What is below `/api/`."""
AUTH = Service(oauth.answer, limited=False)
"""What is below `/auth/`."""


def _over_limit(tenant: Tenant) -> Answer | None:
    """The answer to a request that the limit does not let pass, None when it passes (halo-api section 4)."""
    wait_s = tenant.limit_wait_s()
    if not wait_s:
        return None
    settings = tenant.settings
    headers: dict[str, dict[str, str]] = {
        "none": {},
        "seconds": {"retry-after": str(math.ceil(wait_s))},
        "date": {"retry-after": formatdate(math.ceil(tenant.clock.wall() + wait_s), usegmt=True)},
        "lying": {"retry-after": "1"},
    }
    limit = f"{settings.rate_requests} requests per {settings.rate_window} window of {settings.rate_window_s:g} s"
    return json_answer(429, {"error": f"Too many requests: {limit}."}, headers[settings.retry_after])
