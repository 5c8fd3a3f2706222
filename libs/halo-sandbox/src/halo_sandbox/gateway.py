"""From HTTP to a tenant's service and back."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from halo_sandbox.connection import HttpConnection
from halo_sandbox.exchange import json_answer
from halo_sandbox.service import IncomingRequest, Service
from halo_sandbox.tenant import Tenant


class Gateway:
    """An ASGI application for one service of all tenants; the path says which tenant."""

    def __init__(self, tenants: Mapping[str, Tenant], service: Service) -> None:
        self._tenants, self._service = tenants, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request, connection = Request(scope, receive), HttpConnection(scope, receive, send)
        tenant = self._tenants.get(request.path_params["tenant"])
        if tenant is None:
            await connection.answer(json_answer(404, {"Message": "There is no such tenant."}))
            return
        # Where the tenant was reached: below a path of its own, or at a host name of its own.
        below = "" if scope.get("tenant_host") else f"/{tenant.name}"
        incoming = IncomingRequest(
            method=request.method,
            path=request.path_params["path"],
            query=dict(request.query_params),
            headers=request.headers,
            body=request.body,
            base_url=f"{request.url.scheme}://{request.url.netloc}{below}",
            logged_path=request.url.path,
            logged_query=request.url.query,
        )
        # Who goes away before its request is complete wants nothing done, and can be answered nothing.
        with suppress(ClientDisconnect):
            try:
                await self._service.serve(tenant, incoming, connection)
            except asyncio.CancelledError:
                # The sandbox stops while a request waits for its fault; only the server cancels requests.
                await connection.close()
