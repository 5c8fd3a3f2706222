"""The way of every request into a tenant: log, limit, fault, handler, answer."""

import asyncio
import math
from collections.abc import Callable, Mapping
from email.utils import formatdate
from time import time

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from halo_sandbox.exchange import Answer, Exchange, RefusedError, json_answer
from halo_sandbox.misfortune import act_out
from halo_sandbox.request_log import LoggedRequest
from halo_sandbox.tenant import Tenant
from halo_sandbox.wire import Line


class Gateway:
    """An ASGI application for one part of all tenants, `api` or `auth`; the path says which tenant."""

    def __init__(self, tenants: Mapping[str, Tenant], handler: Callable[[Exchange], Answer], *, limited: bool) -> None:
        self._tenants, self._handler, self._limited = tenants, handler, limited

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request, line = Request(scope, receive), Line(scope, receive, send)
        tenant = self._tenants.get(request.path_params["tenant"])
        if tenant is None:
            await line.answer(json_answer(404, {"Message": "There is no such tenant."}))
            return
        entry = tenant.requests.open(request.method, request.url.path, request.url.query)
        try:
            await self._serve(request, tenant, entry, line)
        except ClientDisconnect:
            pass  # It went away before its request was complete: there is nothing to do and no one to answer.
        except asyncio.CancelledError:
            await (
                line.close()
            )  # The sandbox stops while a request waits for its fault; only the server cancels requests.
        finally:
            entry.close()

    async def _serve(self, request: Request, tenant: Tenant, entry: LoggedRequest, line: Line) -> None:
        refused = _over_limit(tenant) if self._limited else None
        exchange = await _exchange(request, tenant, entry.n)
        entry.rows = len(exchange.received())
        if refused is not None:
            entry.status = refused.status
            await line.answer(refused)
            return
        exchange.hit = tenant.faults.hit(exchange.method, exchange.path, exchange.row_names)
        entry.fault = exchange.hit.action.kind if exchange.hit.time else None
        sent = await act_out(exchange, self._handle, line)
        if sent is not None:
            entry.status, entry.rows = sent.status, entry.rows or sent.rows

    def _handle(self, exchange: Exchange) -> Answer:
        try:
            return self._handler(exchange)
        except RefusedError as refusal:
            return refusal.answer


def _over_limit(tenant: Tenant) -> Answer | None:
    """The answer to a request that the limit does not let pass, None when it passes (halo-api section 4)."""
    wait_s = tenant.limit_wait_s()
    if not wait_s:
        return None
    settings = tenant.settings
    headers: dict[str, dict[str, str]] = {
        "none": {},
        "seconds": {"retry-after": str(math.ceil(wait_s))},
        "date": {"retry-after": formatdate(math.ceil(time() + wait_s), usegmt=True)},
        "lying": {"retry-after": "1"},
    }
    limit = f"{settings.rate_requests} requests per {settings.rate_window} window of {settings.rate_window_s:g} s"
    return json_answer(429, {"error": f"Too many requests: {limit}."}, headers[settings.retry_after])


async def _exchange(request: Request, tenant: Tenant, number: int) -> Exchange:
    path = request.path_params["path"]
    # Where the tenant was reached: below a path of its own, or at a host name of its own.
    below = "" if request.scope.get("tenant_host") else f"/{tenant.name}"
    return Exchange(
        tenant=tenant,
        number=number,
        method=request.method,
        path=path,
        query=dict(request.query_params),
        headers=request.headers,
        body=await request.body(),
        base_url=f"{request.url.scheme}://{request.url.netloc}{below}",
    )
