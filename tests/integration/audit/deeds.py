"""Every act of the audit log, done once by the store that does it.

A deed prepares, pauses, acts, and says to what it did it. The pause lets a test break the transaction of the act alone.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from unittest.mock import ANY
from uuid import UUID

import asyncpg
from halosync.contracts.settings import DeleteGuard, PartnerSettings
from halosync.domain.acts import Act, Actor
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.plan import CustomerLink
from halosync.domain.roles import Role
from halosync.domain.run_order import Approval, RunMode, RunOrder
from halosync.ports.connections import Attempt, NewTokens
from halosync.ports.webhooks import SealedSecret
from halosync.store.audit import record
from halosync.store.connections import ConnectionStore
from halosync.store.kept import HaloLicences
from halosync.store.keys import KeyStore
from halosync.store.links import CustomerLinks, ProductLinks
from halosync.store.month_choices import MonthChoices
from halosync.store.months import MonthStore
from halosync.store.partners import PartnerStore
from halosync.store.people import PeopleStore
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

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
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

    async def attempt(self, tenant: str = "acme") -> Attempt:
        """Begin to connect."""
        attempt = Attempt(b"hash", PARTNER, tenant, "client-1", b"verifier", begun_by=BY)
        assert await self.connections.add_attempt(attempt, names=[tenant], lifetime_s=600)
        return attempt


Deed = Callable[[Stage], AsyncIterator[str]]
PAUSE = ""


def said(act: Act) -> Deed:
    """Return the deed of an act that the portal records."""

    async def deed(stage: Stage) -> AsyncIterator[str]:
        yield PAUSE
        async with stage.pool.acquire() as connection, connection.transaction():
            await record(connection, BY, act, partner_id=PARTNER, subject=PARTNER)
        yield PARTNER

    return deed


async def pause(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    await stage.partners.pause(PARTNER, by=BY)
    yield PARTNER


async def remove_partner(stage: Stage) -> AsyncIterator[str]:
    await stage.pool.execute("UPDATE connection SET state = 'disconnected'")
    marked = await stage.retention.prepare_removal(PARTNER, by=BY)
    yield PAUSE
    await stage.retention.remove(PARTNER, marked, by=BY)
    yield PARTNER


async def purge(stage: Stage) -> AsyncIterator[str]:
    await stage.pool.execute(
        "INSERT INTO invoice (partner_id, invoice_id, revision, event_id, period, currency, issued_at, line_count,"
        "                     total, received_at)"
        " VALUES ($1, 'INV-0', 1, gen_random_uuid(), '2020-01', 'AUD', now(), 1, 10, '2020-01-05Z')",
        PARTNER,
    )
    yield PAUSE
    await stage.retention.mark_old(12, by=BY)
    yield PARTNER


async def resume(stage: Stage) -> AsyncIterator[str]:
    await stage.partners.pause(PARTNER, by=BY)
    yield PAUSE
    await stage.partners.pause(PARTNER, paused=False, by=BY)
    yield PARTNER


async def begin(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    await stage.attempt()
    yield "acme"


async def establish(stage: Stage) -> AsyncIterator[str]:
    await stage.attempt("beta")
    yield PAUSE
    attempt = await stage.connections.claim_attempt(b"hash")
    assert attempt is not None
    async with stage.connections.lock(PARTNER) as held:
        assert held is not None
        await held.establish(attempt, NewTokens(b"access", b"refresh", 3600), ["all"], names=["beta"], by=BY)
    yield "beta"


async def end(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    async with stage.connections.lock(PARTNER) as held:
        assert held is not None
        await held.end("Disconnected.", by=BY)
    yield "acme"


async def lose(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    async with stage.connections.lock(PARTNER) as held:
        assert held is not None
        await held.lose("Connect again.")
    yield "acme"


async def link_customer(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    assert await stage.customer_links.replace(PARTNER, "C-17", CustomerLink(7), by=BY, name="Contoso")
    yield "C-17"


async def link_product(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    assert await stage.product_links.replace(PARTNER, "MS-365", "Microsoft 365", by=BY)
    yield "MS-365"


async def change_settings(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    wanted = PartnerSettings(removal="zero", delete_guard=DeleteGuard(max_count=20))
    assert set(await stage.partners.save_settings(PARTNER, wanted, by=BY)) == {"removal", "delete_guard"}
    yield PARTNER


async def create_key(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    created = await stage.keys.create(PARTNER, "portal", by=BY)
    yield str(created.key_id)


async def revoke_key(stage: Stage) -> AsyncIterator[str]:
    created = await stage.keys.create(PARTNER, "portal", by=BY)
    yield PAUSE
    assert await stage.keys.revoke(created.key_id, by=BY, owner=PARTNER)
    yield str(created.key_id)


async def add_person(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    await stage.people.put(PARTNER, "anna@acme.example", Role.VIEWER, by=BY)
    yield "anna@acme.example"


async def change_person(stage: Stage) -> AsyncIterator[str]:
    await stage.people.put(PARTNER, "anna@acme.example", Role.VIEWER, by=BY)
    yield PAUSE
    await stage.people.put(PARTNER, "anna@acme.example", Role.BILLER, by=BY)
    yield "anna@acme.example"


async def remove_person(stage: Stage) -> AsyncIterator[str]:
    await stage.people.put(PARTNER, "anna@acme.example", Role.VIEWER, by=BY)
    yield PAUSE
    assert await stage.people.remove(PARTNER, "anna@acme.example", by=BY)
    yield "anna@acme.example"


async def start(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    yield str(await stage.start())


async def preview(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    yield str(await stage.start(RunMode.PREVIEW, approve_removals=3))


async def approve(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    yield str(await stage.start(approve_removals=3))


async def review(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    yield str(await stage.start(approve_review=3))


async def ended(stage: Stage, outcome: str) -> tuple[UUID, int]:
    """Return a run that has ended, and its item."""
    run_id = await stage.start()
    item_id = await stage.pool.fetchval(
        """INSERT INTO item (run_id, seq, customer_ids, customer_name, halo_client_id, halo_licence_id, action,
                             outcome, line_nos) VALUES ($1, 0, '{C-1}', 'Contoso', 7, 5, 'delete', $2, '{}')
        RETURNING item_id""",
        run_id,
        outcome,
    )
    await stage.pool.execute("UPDATE run SET state = 'succeeded', price_field = 'price' WHERE run_id = $1", run_id)
    return run_id, item_id


async def undo(stage: Stage) -> AsyncIterator[str]:
    run_id, _ = await ended(stage, "synced")
    yield PAUSE
    yield str(await stage.start(RunMode.UNDO, undoes=run_id))


async def preview_undo(stage: Stage) -> AsyncIterator[str]:
    run_id, _ = await ended(stage, "synced")
    yield PAUSE
    yield str(await stage.start(RunMode.UNDO_PREVIEW, undoes=run_id))


async def approve_items(stage: Stage) -> AsyncIterator[str]:
    run_id, item_id = await ended(stage, "held")
    yield PAUSE
    yield str(await stage.start(approve=Approval(run_id, frozenset({item_id}))))


async def keep(stage: Stage) -> AsyncIterator[str]:
    await stage.pool.execute(
        """INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, is_active)
        VALUES ($1, 5, 7, 'OLD', true)""",
        PARTNER,
    )
    yield PAUSE
    for _ in range(2):  # what is kept already is kept once
        assert await HaloLicences(stage.pool).keep(PARTNER, 5, keep=True, by=BY)
    yield "5"


async def accept(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    yield str(await stage.start(accept_shrunk_read=True))


async def cancel(stage: Stage) -> AsyncIterator[str]:
    run_id = await stage.start()
    yield PAUSE
    assert await stage.runs.cancel(PARTNER, run_id, by=BY)
    yield str(run_id)


async def accept_in_month(stage: Stage) -> AsyncIterator[str]:
    item_key = await stage.thing()
    yield PAUSE
    await stage.months.accept(PARTNER, "2026-11", item_key, "By hand.", by=BY)
    yield "2026-11"


async def withdraw(stage: Stage) -> AsyncIterator[str]:
    item_key = await stage.thing()
    await stage.months.accept(PARTNER, "2026-11", item_key, "By hand.", by=BY)
    yield PAUSE
    assert await stage.months.withdraw(PARTNER, "2026-11", item_key, by=BY)
    yield "2026-11"


async def choose_invoices(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    await stage.month_choices.choose_invoices(PARTNER, "2026-11", MonthInvoices.NEWEST, by=BY)
    yield "2026-11"


async def close_month(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    closing = await stage.months.close(PARTNER, "2026-11", seen=0, by=BY)
    assert closing is not None
    yield "2026-11"


async def create_webhook(stage: Stage) -> AsyncIterator[str]:
    secret = await stage.secret()
    yield PAUSE
    await stage.webhooks.create(PARTNER, WEBHOOK, "https://acme.example/", None, secret, by=BY)
    yield str(WEBHOOK)


async def delete_webhook(stage: Stage) -> AsyncIterator[str]:
    await stage.webhooks.create(PARTNER, WEBHOOK, "https://acme.example/", None, await stage.secret(), by=BY)
    yield PAUSE
    assert await stage.webhooks.delete(PARTNER, WEBHOOK, by=BY)
    yield str(WEBHOOK)


_NO_LINES = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The SHA-256 of nothing."""

_INVOICE = {"invoice_id": "INV-1", "revision": 2, "retry_of": None}
_NO_CLIENT = {"halo_client_id": None, "client_name": None, "excluded": False}

DEEDS: Mapping[Act, tuple[Deed, dict[str, Any]]] = {
    Act.SIGNED_IN: (said(Act.SIGNED_IN), {}),
    Act.SIGNED_OUT: (said(Act.SIGNED_OUT), {}),
    Act.ACTS_FOR: (said(Act.ACTS_FOR), {}),
    Act.CONNECTION_BEGUN: (begin, {"client_id": "client-1"}),
    Act.CONNECTION_ESTABLISHED: (establish, {"client_id": "client-1", "replaces": "acme"}),
    Act.CONNECTION_ENDED: (end, {}),
    Act.CONNECTION_LOST: (lose, {}),
    Act.CUSTOMER_LINKED: (
        link_customer,
        {
            "customer_name": "Contoso",
            "before": _NO_CLIENT,
            "after": {"halo_client_id": 7, "client_name": "Contoso Pty", "excluded": False},
        },
    ),
    Act.PRODUCT_LINKED: (link_product, {"before": None, "after": "Microsoft 365"}),
    Act.SETTINGS_CHANGED: (
        change_settings,
        {
            "changes": {
                "removal": ["delete", "zero"],
                "delete_guard": [
                    {"max_count": 10, "max_fraction": "0.25"},
                    {"max_count": 20, "max_fraction": "0.25"},
                ],
            }
        },
    ),
    Act.KEY_CREATED: (create_key, {"name": "portal", "role": "admin"}),
    Act.KEY_REVOKED: (revoke_key, {"name": "portal"}),
    Act.PERSON_ADDED: (add_person, {"role": "viewer"}),
    Act.PERSON_CHANGED: (change_person, {"before": "viewer", "after": "biller"}),
    Act.PERSON_REMOVED: (remove_person, {"role": "viewer"}),
    Act.RUN_STARTED: (start, _INVOICE),
    Act.PREVIEW_STARTED: (preview, _INVOICE),
    Act.REMOVALS_APPROVED: (approve, {"most": 3}),
    Act.REVIEW_APPROVED: (review, {"most": 3}),
    Act.UNDO_STARTED: (undo, {"undoes": ANY}),
    Act.UNDO_PREVIEW_STARTED: (preview_undo, {"undoes": ANY}),
    Act.ITEMS_APPROVED: (approve_items, {"seen_in": ANY, "count": 1}),
    Act.LICENCE_KEEP_CHANGED: (keep, {"name": "OLD", "keep": True}),
    Act.SHRUNK_READ_ACCEPTED: (accept, {}),
    Act.RUN_CANCELLED: (cancel, {}),
    Act.PARTNER_PAUSED: (pause, {}),
    Act.PARTNER_RESUMED: (resume, {}),
    Act.PARTNER_REMOVED: (remove_partner, {"name": "Acme MSP", "invoices": 1, "runs": 0}),
    Act.DETAILS_PURGED: (purge, {"before": ANY, "invoices": 1, "runs": 0}),
    Act.INVOICES_CHOSEN: (choose_invoices, {"invoices": "newest", "invoice_ids": ["INV-1"]}),
    Act.MONTH_ACCEPTED: (
        accept_in_month,
        {"item_key": ITEM_KEY, "reason": "not_synchronised", "note": "By hand."},
    ),
    Act.MONTH_WITHDRAWN: (withdraw, {"item_key": ITEM_KEY}),
    Act.MONTH_CLOSED: (close_month, {"accepted": 0, "fingerprint": _NO_LINES}),
    Act.WEBHOOK_CREATED: (create_webhook, {"url": "https://acme.example/"}),
    Act.WEBHOOK_DELETED: (delete_webhook, {"url": "https://acme.example/"}),
}
"""The deed of every act, and the details that its entry has."""
