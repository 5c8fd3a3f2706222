"""`python -m report_api`: settings, adapters, application, run."""

import asyncio

from halosync.messaging.delivery import PASSING
from halosync.messaging.requests import Requests
from halosync.runtime.health import serve_until, server
from halosync.runtime.process import Composition, Parts, run
from halosync.runtime.settings import load
from halosync.store.sealing_keys import SealingKeyStore

from report_api.app import build
from report_api.assembly import ports_on
from report_api.environment import ReportApiSettings
from report_api.openid import OpenId


def compose(settings: ReportApiSettings, parts: Parts) -> Composition:
    """Put the report API together on connected servers."""
    ports = ports_on(
        parts.pool,
        public_url=settings.public_url,
        rate_limit=settings.rate_limit,
        halo_hosts=settings.halo_hosts,
        services=Requests(parts.broker, parts.publisher, SealingKeyStore(parts.pool)),
        sign_in_service=_sign_in_service(settings),
    )
    web = server(build(ports, PASSING), settings.http_host, settings.http_port, settings.connection_bounds)

    async def serve(stop: asyncio.Event) -> None:
        await serve_until(web, stop)

    async def end_live_events(stop: asyncio.Event) -> None:
        await stop.wait()
        ports.closing.set()

    return Composition(background=[serve, end_live_events])


def _sign_in_service(settings: ReportApiSettings) -> OpenId | None:
    if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.oidc_client_secret is None:
        return None
    return OpenId(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret.get_secret_value())


def main() -> None:
    """Run the report API until SIGTERM."""
    settings = load(ReportApiSettings)
    run("report-api", settings, lambda parts: compose(settings, parts))


if __name__ == "__main__":
    main()
