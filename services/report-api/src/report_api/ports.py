"""What the API needs of the rest of halosync."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol, Self, cast

import asyncpg
from fastapi import Depends, Request
from halosync.contracts.message import Message
from halosync.contracts.settings import RateLimit
from halosync.store.audit import AuditStore
from halosync.store.connections import ConnectionStore
from halosync.store.invoice_report import InvoiceReports
from halosync.store.invoice_views import InvoiceViews
from halosync.store.item_views import ItemViews
from halosync.store.keys import KeyStore
from halosync.store.line_views import LineViews
from halosync.store.links import CustomerLinks, ProductLinks
from halosync.store.partners import PartnerStore
from halosync.store.previews import PreviewStore
from halosync.store.retrying import RunRetries
from halosync.store.run_views import RunViews
from halosync.store.runs import RunStore
from halosync.store.sessions import SessionStore
from halosync.store.snapshots import SnapshotStore


class Auth(Protocol):
    """The way to the services that answer requests: auth, and the planner for the test of a connection."""

    async def ask(self, request: Message) -> Message:
        """Send a request and return its reply.

        Raises:
            NoReplyError: no reply in time.
        """
        ...


@dataclass(frozen=True)
class EventTiming:
    """How often live events look at the database, and show a silent connection that they live: all in seconds.

    What is ahead of a run changes all the time and costs more to find out than its counters, so it is read less often.
    """

    poll_s: float = 0.5
    progress_s: float = 2.0
    heartbeat_s: float = 15.0


@dataclass(frozen=True)
class Ports:
    """Everything outside of the API. `closing` is set when the process stops; live events end then."""

    public_url: str
    rate_limit: RateLimit
    auth: Auth
    audit: AuditStore
    connections: ConnectionStore
    invoice_reports: InvoiceReports
    invoice_views: InvoiceViews
    item_views: ItemViews
    keys: KeyStore
    line_views: LineViews
    customer_links: CustomerLinks
    product_links: ProductLinks
    partners: PartnerStore
    previews: PreviewStore
    run_views: RunViews
    runs: RunStore
    retries: RunRetries
    sessions: SessionStore
    snapshots: SnapshotStore
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    event_timing: EventTiming = field(default_factory=EventTiming)

    @classmethod
    def on(
        cls,
        pool: "asyncpg.Pool[Any]",
        *,
        public_url: str,
        rate_limit: RateLimit,
        auth: Auth,
        event_timing: EventTiming | None = None,
    ) -> Self:
        """Return the ports with every store on one database."""
        return cls(
            public_url=public_url,
            rate_limit=rate_limit,
            auth=auth,
            audit=AuditStore(pool),
            connections=ConnectionStore(pool),
            invoice_reports=InvoiceReports(pool),
            invoice_views=InvoiceViews(pool),
            item_views=ItemViews(pool),
            keys=KeyStore(pool),
            line_views=LineViews(pool),
            customer_links=CustomerLinks(pool),
            product_links=ProductLinks(pool),
            partners=PartnerStore(pool),
            previews=PreviewStore(pool),
            run_views=RunViews(pool),
            runs=RunStore(pool),
            retries=RunRetries(pool),
            sessions=SessionStore(pool),
            snapshots=SnapshotStore(pool),
            event_timing=event_timing or EventTiming(),
        )


def ports_of(request: Request) -> Ports:
    """Return the ports that the application was built with."""
    return cast("Ports", request.app.state.ports)


PortsHere = Annotated[Ports, Depends(ports_of)]
"""The ports, as an argument of a route."""
