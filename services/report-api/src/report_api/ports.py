"""What the API needs of the rest of halosync; `assembly` names who fulfils it.

What it asks of the stores is in `report_api.stores`. Pages and calls know these Protocols and the values of
`halosync.ports`, and no store.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Protocol, cast

from fastapi import Depends, Request
from halosync.contracts.settings import RateLimit
from halosync.domain.model import Client
from halosync.domain.plan import CustomerLink
from halosync.domain.tenant import HaloHosts
from halosync.ports.links import ProductLink
from halosync.ports.notices import Notices, WebhookSecrets
from halosync.ports.requests import Asker
from halosync.ports.webhooks import Webhooks

from report_api.heavy_work import HeavyWork
from report_api.shares import Shares
from report_api.stores.access import AuditLog, Keys, Partners, People, Sessions
from report_api.stores.customers import CustomerViews, Search
from report_api.stores.halo import Connections, HaloLicences, Histories, Links, Snapshots
from report_api.stores.invoices import InvoiceReports, InvoiceViews, LineViews, MonthChoices, Months, ReadinessStore
from report_api.stores.runs import ItemViews, Previews, Reviews, RunRetries, Runs, RunViews


@dataclass(frozen=True)
class EventTiming:
    """How often live events look at the database, and show a silent connection that they live: all in seconds.

    What is ahead of a run changes all the time and costs more to find out than its counters, so it is read less often.
    """

    poll_s: float = 0.5
    progress_s: float = 2.0
    heartbeat_s: float = 15.0


@dataclass(frozen=True)
class SignInAttempt:
    """What proves that who comes back from the sign-in service is who was sent there: three random texts."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)


class SignInUnavailableError(RuntimeError):
    """The sign-in service does not answer, or not as it should; it is its trouble, or that of the settings."""


class SignInRefusedError(RuntimeError):
    """The sign-in service vouches for nobody. The text says why, for people."""


class SignInService(Protocol):
    """The OpenID Connect provider that signs people in (spec section 10)."""

    async def address(self, attempt: SignInAttempt, redirect_url: str) -> str:
        """Return where to send the browser.

        Raises:
            SignInUnavailableError: nobody can sign in there now.
        """

    async def email(self, attempt: SignInAttempt, redirect_url: str, code: str, issuer: str | None) -> str:
        """Return the e-mail address, as `normal_email` makes it, of whoever has signed in.

        `issuer` is who the redirect says it comes from, if it says so (RFC 9207). A code from elsewhere is not spent.

        Raises:
            SignInUnavailableError: nobody can sign in there now.
            SignInRefusedError: the code is from elsewhere, or not for this attempt, or the address is not verified.
        """


@dataclass(frozen=True)
class Ports:
    """Everything outside of the API.

    Attributes:
        services: the way to auth, and to the planner for the test of a connection.
        halo_hosts: where Halo may be, for links into it.
        sign_in_service: where people sign in; None: with API keys alone.
        private_webhooks: webhooks may have http and addresses that are not public.
        shares: of the process, for each partner.
        heavy_work: what takes seconds of the processor.
        closing: set when the process stops; live events end then.
    """

    public_url: str
    rate_limit: RateLimit
    services: Asker
    halo_hosts: HaloHosts
    sign_in_service: SignInService | None
    private_webhooks: bool
    audit: AuditLog
    connections: Connections
    customer_views: CustomerViews
    histories: Histories
    invoice_reports: InvoiceReports
    halo_licences: HaloLicences
    invoice_views: InvoiceViews
    item_views: ItemViews
    keys: Keys
    webhooks: Webhooks
    notices: Notices
    webhook_secrets: WebhookSecrets
    line_views: LineViews
    customer_links: Links[CustomerLink, Client]
    product_links: Links[ProductLink, str]
    months: Months
    month_choices: MonthChoices
    partners: Partners
    people: People
    previews: Previews
    reviews: Reviews
    readiness: ReadinessStore
    run_views: RunViews
    runs: Runs
    retries: RunRetries
    search: Search
    sessions: Sessions
    snapshots: Snapshots
    shares: Shares = field(default_factory=Shares)
    heavy_work: HeavyWork = field(default_factory=HeavyWork)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    event_timing: EventTiming = field(default_factory=EventTiming)


def ports_of(request: Request) -> Ports:
    """Return the ports that the application was built with."""
    return cast("Ports", request.app.state.ports)


async def _ports_here(request: Request) -> Ports:
    # Async though it waits for nothing: FastAPI hands what is not to a thread, which takes longer than all of the rest.
    return ports_of(request)


PortsHere = Annotated[Ports, Depends(_ports_here)]
"""The ports, as an argument of a route."""
