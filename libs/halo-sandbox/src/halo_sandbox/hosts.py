"""Tenants by host name: `http://acme.localhost:PORT/api/...` is `http://127.0.0.1:PORT/acme/api/...`."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

_PARTS = ("/api/", "/auth/")


class TenantByHost:
    """Middleware that moves the first label of the host name into the path, where there is none yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith(_PARTS):
            host = Headers(scope=scope).get("host", "").partition(":")[0]
            label, dot, rest = host.partition(".")
            if dot and not rest.replace(".", "").isdigit():
                scope = {**scope, "path": f"/{label.lower()}{scope['path']}", "tenant_host": True}
        await self._app(scope, receive, send)
