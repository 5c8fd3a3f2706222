"""What the API needs of the rest of halosync.

The stores stand here as they are, without Protocols: a page or a call is a question to the database, and its answer is
the store's own read model. Whoever changes one changes the other, and no double stands in for either.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Protocol, cast

from fastapi import Depends, Request
from halosync.contracts.settings import RateLimit
from halosync.ports.requests import Asker
from halosync.store.audit import AuditStore
from halosync.store.connections import ConnectionStore
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
from halosync.store.partners import PartnerStore
from halosync.store.people import PeopleStore
from halosync.store.previews import PreviewStore
from halosync.store.readiness import ReadinessStore
from halosync.store.reviews import ReviewStore
from halosync.store.run_retries import RunRetries
from halosync.store.run_views import RunViews
from halosync.store.runs import RunStore
from halosync.store.sessions import SessionStore
from halosync.store.snapshots import SnapshotStore

from report_api.shares import Shares


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

    async def email(self, attempt: SignInAttempt, redirect_url: str, code: str) -> str:
        """Return the e-mail address, as `normal_email` makes it, of whoever has signed in.

        Raises:
            SignInUnavailableError: nobody can sign in there now.
            SignInRefusedError: the code is not for this attempt, or the address is not verified.
        """


@dataclass(frozen=True)
class Ports:
    """Everything outside of the API.

    Attributes:
        services: the way to auth, and to the planner for the test of a connection.
        sign_in_service: where people sign in; None: with API keys alone.
        passing: failures of the stores that go away by themselves; they are answered with 503.
        shares: of the process, for each partner.
        closing: set when the process stops; live events end then.
    """

    public_url: str
    rate_limit: RateLimit
    services: Asker
    sign_in_service: SignInService | None
    passing: tuple[type[Exception], ...]
    audit: AuditStore
    connections: ConnectionStore
    histories: Histories
    invoice_reports: InvoiceReports
    halo_licences: HaloLicences
    invoice_views: InvoiceViews
    item_views: ItemViews
    keys: KeyStore
    line_views: LineViews
    customer_links: CustomerLinks
    product_links: ProductLinks
    months: MonthStore
    month_choices: MonthChoices
    partners: PartnerStore
    people: PeopleStore
    previews: PreviewStore
    reviews: ReviewStore
    readiness: ReadinessStore
    run_views: RunViews
    runs: RunStore
    retries: RunRetries
    sessions: SessionStore
    snapshots: SnapshotStore
    shares: Shares = field(default_factory=Shares)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    event_timing: EventTiming = field(default_factory=EventTiming)


def ports_of(request: Request) -> Ports:
    """Return the ports that the application was built with."""
    return cast("Ports", request.app.state.ports)


PortsHere = Annotated[Ports, Depends(ports_of)]
"""The ports, as an argument of a route."""
