"""How the process is put together: settings, adapters, application, run."""

import asyncio
from collections.abc import Coroutine
from importlib import import_module

from halosync.messaging.requests import Requests
from halosync.ports.notices import NoticeMailer
from halosync.postgres_failures import PASSING
from halosync.runtime.health import serve_until, server
from halosync.runtime.loops import every, every_loop
from halosync.runtime.process import Composition, Parts, run
from halosync.runtime.settings import load
from halosync.runtime.webhook_sender import HttpWebhookSender
from halosync.store.sealing_keys import SealingKeyStore

from report_api.app import build
from report_api.assembly import ports_on
from report_api.environment import ReportApiSettings
from report_api.ports import SignInService
from report_api.webhooks.delivering import POLL_S, NoticeDelivery

OVERDUE_S = 600.0
"""How often it is looked whose invoice is overdue, in seconds."""


def compose(settings: ReportApiSettings, parts: Parts) -> Composition:
    """Put the report API together on connected servers."""
    requests = Requests(parts.broker, parts.publisher, SealingKeyStore(parts.pool))
    sender = HttpWebhookSender(private=settings.webhook_allow_private)
    ports = ports_on(
        parts.pool,
        public_url=settings.public_url,
        rate_limit=settings.rate_limit,
        halo_hosts=settings.halo_hosts,
        services=requests,
        sign_in_service=_sign_in_service(settings),
        private_webhooks=settings.webhook_allow_private,
    )
    delivery = NoticeDelivery(ports.notices, ports.webhook_secrets, sender, _mailer(settings))
    where = (settings.http_host, settings.http_port)
    web = server(build(ports, PASSING), *where, settings.connection_bounds, setting="HALOSYNC_HTTP_PORT")

    async def serve(stop: asyncio.Event) -> None:
        await serve_until(web, stop)

    async def end_live_events(stop: asyncio.Event) -> None:
        await stop.wait()
        ports.closing.set()

    def deliver(stop: asyncio.Event) -> Coroutine[None, None, None]:
        return every("deliver notices", POLL_S, lambda: delivery.deliver(stop), stop)

    def mail(stop: asyncio.Event) -> Coroutine[None, None, None]:
        return every("send notices by e-mail", POLL_S, lambda: delivery.mail(stop), stop)

    overdue = every_loop("look for overdue invoices", OVERDUE_S, delivery.look_for_overdue)
    return Composition(
        background=[serve, end_live_events, deliver, mail, overdue],
        close=[sender.close],
        checks={"replies": requests.check},
    )


def _mailer(settings: ReportApiSettings) -> NoticeMailer | None:
    if settings.smtp_url is None or settings.mail_from is None:
        return None
    smtp = import_module("halosync.runtime.notice_mail").SmtpMailer  # a megabyte, for who sends mail
    mailer: NoticeMailer = smtp(settings.smtp_url.get_secret_value(), settings.mail_from, settings.public_url)
    return mailer


def _sign_in_service(settings: ReportApiSettings) -> SignInService | None:
    if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.oidc_client_secret is None:
        return None
    open_id = import_module("report_api.openid").OpenId  # 7 MB, which only who signs in so needs
    secret = settings.oidc_client_secret.get_secret_value()
    service: SignInService = open_id(settings.oidc_issuer, settings.oidc_client_id, secret)
    return service


def main() -> None:
    """Run the report API until SIGTERM."""
    settings = load(ReportApiSettings)
    run("report-api", settings, lambda parts: compose(settings, parts))
