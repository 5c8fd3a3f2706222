"""`python -m halo_sandbox`: run the sandbox until it is stopped."""

from typing import Annotated

import typer
import uvicorn

from halo_sandbox.app import build
from halo_sandbox.server import uvicorn_config
from halo_sandbox.settings import TenantSettings


def main(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on, 0 for a free one.", min=0, max=65535)] = 8899,
    rate_requests: Annotated[int, typer.Option(help="Requests per window of a new tenant.", min=0)] = 500,
    rate_window_s: Annotated[float, typer.Option(help="Length of the window in seconds.", min=0.001)] = 300,
) -> None:
    """Run a HaloPSA to develop, demonstrate and test against. It starts without tenants and forgets all at its end."""
    app = build(TenantSettings(rate_requests=rate_requests, rate_window_s=rate_window_s))
    config = uvicorn_config(app, host=host, port=port)
    # Bound here and not by uvicorn, so that the printed URL is true also for port 0, and printed once it is.
    listener = config.bind_socket()
    bound_port = listener.getsockname()[1]
    typer.echo(
        f"Halo sandbox at http://{host}:{bound_port} (HALOSYNC_HALO_URL_TEMPLATE=http://{host}:{bound_port}/{{tenant}})"
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    typer.run(main)
