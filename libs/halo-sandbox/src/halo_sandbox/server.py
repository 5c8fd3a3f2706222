"""How the sandbox is served."""

import uvicorn
from starlette.applications import Starlette

from halo_sandbox.connection import BreakableProtocol


def uvicorn_config(app: Starlette, *, host: str, port: int) -> uvicorn.Config:
    """Uvicorn's settings for the sandbox.

    Args:
        app: What `halo_sandbox.app.build` returns.
        host: The address to listen on.
        port: The port, 0 for a free one.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BreakableProtocol,
        ws="none",
        loop="asyncio",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        date_header=False,
        # A request that waits for its fault must not keep the server from stopping.
        timeout_graceful_shutdown=1,
    )
