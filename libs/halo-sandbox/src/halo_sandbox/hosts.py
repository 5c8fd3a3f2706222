"""Tenants by host name: `http://acme.localhost:PORT/api/...` is `http://127.0.0.1:PORT/acme/api/...`."""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from halo_sandbox.tenant import Tenant

_PARTS = ("/api/", "/auth/")


class TenantByHost:
    """Middleware that moves the tenant of the host name into the path, where there is none yet.

    It is the one that has this host name among its `addresses`, or the one that the first label names.
    """

    def __init__(self, app: ASGIApp, tenants: Mapping[str, Tenant]) -> None:
        self._app, self._tenants = app, tenants

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith(_PARTS):
            host = Headers(scope=scope).get("host", "").partition(":")[0].lower()
            label, dot, rest = host.partition(".")
            if dot and not rest.replace(".", "").isdigit():
                own = next((each.name for each in self._tenants.values() if host in each.settings.addresses), None)
                scope = {**scope, "path": f"/{own or label}{scope['path']}", "tenant_host": True}
                # Who ends TLS before the sandbox passes on plain HTTP.
                scope["scheme"] = "https" if own else scope["scheme"]
        await self._app(scope, receive, send)
