"""`python -m halo_sandbox`: run the sandbox until it is stopped."""

import socket
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvicorn

from halo_sandbox.app import build
from halo_sandbox.seeds import Application, ClientSeed, TenantSeed
from halo_sandbox.server import uvicorn_config
from halo_sandbox.settings import TenantSettings
from halo_sandbox.state import load, save
from halo_sandbox.tenant import Tenant

READY = "halosync"
"""The Client ID of the application in a tenant that is there from the start."""
READY_CLIENTS: list[ClientSeed] = [{"name": "Contoso & Søns"}, {"name": "Fabrikam GmbH"}, {"name": "Globex"}]


def main(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on, 0 for a free one.", min=0, max=65535)] = 8899,
    rate_requests: Annotated[int, typer.Option(help="Requests per window of a new tenant.", min=0)] = 500,
    rate_window_s: Annotated[float, typer.Option(help="Length of the window in seconds.", min=0.001)] = 300,
    state: Annotated[Path | None, typer.Option(help="File that keeps everything; without it all is forgotten.")] = None,
    tenant: Annotated[str | None, typer.Option(help="A tenant to start with, unless the file has it.")] = None,
    redirect_uri: Annotated[
        str, typer.Option(help="Where its application halosync returns to: halosync's public address and /accounts/")
    ] = "http://127.0.0.1:8000/accounts/",
) -> None:
    """Run a HaloPSA to develop, demonstrate and test against."""
    defaults = TenantSettings(rate_requests=rate_requests, rate_window_s=rate_window_s)
    tenants = {} if state is None else _kept(state)
    if tenant is not None:
        there = tenants.get(tenant) or Tenant.seeded(tenant, TenantSeed(clients=READY_CLIENTS), defaults)
        there.applications[READY] = Application(client_id=READY, redirect_uris=(redirect_uri,))
        tenants[tenant] = there
    app = build(defaults, tenants=tenants, state=state)
    config = uvicorn_config(app, host=host, port=port)
    # Bound here and not by uvicorn, so that the printed URL is true also for port 0, and printed once it is.
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        _refuse(f"cannot listen at {host} port {port}: {error.strerror}; end who listens there, or give another --port")
    bound_port = listener.getsockname()[1]
    typer.echo(
        f"Halo sandbox at http://{host}:{bound_port} (HALOSYNC_HALO_URL_TEMPLATE=http://{host}:{bound_port}/{{tenant}})"
    )
    uvicorn.Server(config).run(sockets=[listener])


def _kept(state: Path) -> dict[str, Tenant]:
    """Return what the file holds, if it can be read and written."""
    try:
        tenants = load(state)
        save(state, tenants)
    except OSError as error:
        _refuse(f"{state} cannot be read and written: {error.strerror}; give another file with --state")
    except ValueError as error:
        _refuse(f"{state} holds no sandbox: {error}; remove it, or give another file with --state")
    return tenants


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"halo_sandbox: {sentence}", err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
