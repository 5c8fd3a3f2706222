"""The sandbox as a Starlette application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

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
from halo_sandbox.state import keep
from halo_sandbox.tenant import Tenant


def build(
    defaults: TenantSettings | None = None, *, tenants: dict[str, Tenant] | None = None, state: Path | None = None
) -> Starlette:
    """A sandbox; tenants are made through the control surface.

    Serve it by `halo_sandbox.server.uvicorn_config`: faults that break connections need its protocol class.

    Args:
        defaults: Settings of a tenant that brings none of its own.
        tenants: Those that it starts with.
        state: The file that keeps them; None forgets all at the end.
    """
    tenants = {} if tenants is None else tenants

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        keeping = None if state is None else asyncio.create_task(keep(state, tenants))
        yield
        if keeping is not None:
            keeping.cancel()
            await asyncio.wait([keeping])
        for tenant in tenants.values():
            tenant.close()

    return Starlette(
        routes=[
            Route("/healthz", _healthy),
            Mount("/admin", routes=admin.routes(tenants, defaults or TenantSettings())),
            Route("/{tenant}/api/{path:path}", Gateway(tenants, API)),
            Route("/{tenant}/auth/{path:path}", Gateway(tenants, AUTH)),
        ],
        middleware=[Middleware(TenantByHost, tenants=tenants)],
        lifespan=lifespan,
    )


async def _healthy(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})
