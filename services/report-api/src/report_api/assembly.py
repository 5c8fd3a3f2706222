"""The ports of the API on a database: in the process, in tests and in measurements alike."""

from halosync.contracts.settings import RateLimit
from halosync.domain.tenant import HaloHosts
from halosync.messaging.webhook_secrets import SealedWebhookSecrets
from halosync.ports.requests import Asker
from halosync.store.audit import AuditStore
from halosync.store.connections import ConnectionStore
from halosync.store.customers import CustomerViews
from halosync.store.histories import Histories
from halosync.store.invoice_report import InvoiceReports
from halosync.store.invoice_views import InvoiceViews
from halosync.store.item_views import ItemViews
from halosync.store.kept import HaloLicences
from halosync.store.keys import KeyStore
from halosync.store.line_views import LineViews
from halosync.store.links import CustomerLinks, ProductLinks
from halosync.store.month_choices import MonthChoices
from halosync.store.months import MonthStore
from halosync.store.notices import NoticeStore
from halosync.store.partners import PartnerStore
from halosync.store.people import PeopleStore
from halosync.store.pool import Pool
from halosync.store.previews import PreviewStore
from halosync.store.readiness import ReadinessStore
from halosync.store.reviews import ReviewStore
from halosync.store.run_retries import RunRetries
from halosync.store.run_views import RunViews
from halosync.store.runs import RunStore
from halosync.store.sealing_keys import SealingKeyStore
from halosync.store.search import SearchStore
from halosync.store.sessions import SessionStore
from halosync.store.snapshots import SnapshotStore
from halosync.store.webhooks import WebhookStore

from report_api.ports import EventTiming, Ports, SignInService

HALOPSA = HaloHosts("https://{tenant}.halopsa.com")


def ports_on(
    pool: Pool,
    *,
    public_url: str,
    rate_limit: RateLimit,
    services: Asker,
    halo_hosts: HaloHosts = HALOPSA,
    sign_in_service: SignInService | None = None,
    private_webhooks: bool = False,
    event_timing: EventTiming | None = None,
) -> Ports:
    """Return the ports with every store on one database."""
    return Ports(
        public_url=public_url,
        rate_limit=rate_limit,
        services=services,
        halo_hosts=halo_hosts,
        sign_in_service=sign_in_service,
        private_webhooks=private_webhooks,
        audit=AuditStore(pool),
        connections=ConnectionStore(pool),
        customer_views=CustomerViews(pool),
        histories=Histories(pool),
        invoice_reports=InvoiceReports(pool),
        halo_licences=HaloLicences(pool),
        invoice_views=InvoiceViews(pool),
        item_views=ItemViews(pool),
        line_views=LineViews(pool),
        keys=KeyStore(pool),
        webhooks=WebhookStore(pool),
        notices=NoticeStore(pool),
        webhook_secrets=SealedWebhookSecrets(SealingKeyStore(pool), services),
        customer_links=CustomerLinks(pool),
        product_links=ProductLinks(pool),
        months=MonthStore(pool),
        month_choices=MonthChoices(pool),
        partners=PartnerStore(pool),
        people=PeopleStore(pool),
        previews=PreviewStore(pool),
        reviews=ReviewStore(pool),
        readiness=ReadinessStore(pool),
        run_views=RunViews(pool),
        runs=RunStore(pool),
        retries=RunRetries(pool),
        search=SearchStore(pool),
        sessions=SessionStore(pool),
        snapshots=SnapshotStore(pool),
        event_timing=event_timing or EventTiming(),
    )
