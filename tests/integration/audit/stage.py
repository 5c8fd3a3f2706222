"""What the tests of the audit log act on, and what a deed is."""

import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

from halosync.domain.acts import Actor
from halosync.domain.run_order import RunMode, RunOrder
from halosync.ports.connections import ConnectAttempt
from halosync.ports.webhooks import SealedSecret
from halosync.store.connections import ConnectionStore
from halosync.store.keys import KeyStore
from halosync.store.links import CustomerLinks, ProductLinks
from halosync.store.month_choices import MonthChoices
from halosync.store.months import MonthStore
from halosync.store.partners import PartnerStore
from halosync.store.people import PeopleStore
from halosync.store.pool import Pool
from halosync.store.retention import RetentionStore
from halosync.store.run_retries import RunRetries
from halosync.store.runs import RunStore
from halosync.store.webhooks import WebhookStore

PARTNER = "acme-msp"
ITEM_KEY = hashlib.sha256(b"product\x1fC-1\x1fp").hexdigest()[:32]
"""Of a product "P" of the customer C-1, in every month."""
WEBHOOK = UUID(int=11)
BY = Actor("Ada", UUID(int=7), is_operator=True)


class Stage:
    """A connected partner with an invoice and one client in Halo, and every store that changes something."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.connections = ConnectionStore(pool)
        self.keys = KeyStore(pool)
        self.people = PeopleStore(pool)
        self.customer_links = CustomerLinks(pool)
        self.product_links = ProductLinks(pool)
        self.partners = PartnerStore(pool)
        self.runs = RunStore(pool)
        self.retries = RunRetries(pool)
        self.months = MonthStore(pool)
        self.month_choices = MonthChoices(pool)
        self.webhooks = WebhookStore(pool)
        self.retention = RetentionStore(pool)

    async def set_up(self) -> None:
        """Make the partner and what belongs to it."""
        await self.partners.add(PARTNER, "Acme MSP")
        await self.pool.execute(
            "INSERT INTO connection (partner_id, state, tenant, client_id) VALUES ($1, 'connected', 'acme', 'c')",
            PARTNER,
        )
        await self.pool.execute(
            "INSERT INTO invoice"
            " (partner_id, invoice_id, revision, event_id, period, currency, issued_at, line_count, total)"
            " VALUES ($1, 'INV-1', 2, gen_random_uuid(), '2026-11', 'AUD', now(), 1, 10)",
            PARTNER,
        )
        await self.pool.execute("INSERT INTO halo_snapshot VALUES ($1, 'acme', now())", PARTNER)
        await self.pool.execute("INSERT INTO halo_client VALUES ($1, 7, 'Contoso Pty', false)", PARTNER)

    async def thing(self) -> str:
        """Give the invoice a line, which no run has synchronised; return its key in the month."""
        await self.pool.execute(
            "INSERT INTO invoice_line"
            " SELECT invoice_pk, 1, '1', 'C-1', 'Contoso', 'P', 'P', 'recurring', 1, 10, 'Monthly' FROM invoice"
        )
        (row,) = await self.months.items(PARTNER, "2026-11", most=2)
        assert row.item_key == ITEM_KEY
        return row.item_key

    async def start(self, mode: RunMode = RunMode.APPLY, **options: Any) -> UUID:
        """Start a run."""
        return await self.runs.request(PARTNER, RunOrder(mode, **options), by=BY)

    async def secret(self) -> SealedSecret:
        """Publish a key of auth, and return what passes for a secret that is sealed for it."""
        key_id = await self.pool.fetchval(
            "INSERT INTO sealing_key (public_key, private_key) VALUES ('', '') RETURNING key_id"
        )
        return SealedSecret(key_id, b"sealed")

    async def attempt(self, tenant: str = "acme") -> ConnectAttempt:
        """Begin to connect."""
        attempt = ConnectAttempt(b"hash", PARTNER, tenant, "client-1", b"verifier", begun_by=BY)
        assert await self.connections.add_attempt(attempt, names=[tenant], lifetime_s=600)
        return attempt


Deed = Callable[[Stage], AsyncIterator[str]]
PAUSE = ""
