"""The sandbox as a Starlette application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from halo_sandbox import admin
from halo_sandbox.gateway import Gateway
from halo_sandbox.hosts import TenantByHost
from halo_sandbox.service import API, AUTH
from halo_sandbox.settings import TenantSettings
from halo_sandbox.tenant import Tenant


def build(defaults: TenantSettings | None = None) -> Starlette:
    """A sandbox without tenants; they are made through the control surface.

    Serve it by `halo_sandbox.server.uvicorn_config`: faults that break connections need its protocol class.

    Args:
        defaults: Settings of a tenant that brings none of its own.
    """
    tenants: dict[str, Tenant] = {}

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        for tenant in tenants.values():
            tenant.close()

    return Starlette(
        routes=[
            Route("/healthz", _healthy),
            Mount("/admin", routes=admin.routes(tenants, defaults or TenantSettings())),
            Route("/{tenant}/api/{path:path}", Gateway(tenants, API)),
            Route("/{tenant}/auth/{path:path}", Gateway(tenants, AUTH)),
        ],
        middleware=[Middleware(TenantByHost)],
        lifespan=lifespan,
    )


async def _healthy(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})
