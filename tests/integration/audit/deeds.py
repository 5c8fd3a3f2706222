"""Every act of the audit log, done once by the store that does it.

A deed prepares, pauses, acts, and says to what it did it. The pause lets a test break the transaction of the act alone.
"""

from collections.abc import AsyncIterator, Mapping
from unittest.mock import ANY

from halosync.contracts.settings import DeleteGuard, PartnerSettings
from halosync.domain.acts import Act
from halosync.domain.plan import CustomerLink
from halosync.domain.roles import Role
from halosync.ports.connections import NewTokens
from halosync.store.audit import record

from .run_deeds import (
    accept,
    accept_in_month,
    approve,
    approve_items,
    cancel,
    choose_invoices,
    close_month,
    keep,
    preview,
    preview_undo,
    review,
    start,
    undo,
    withdraw,
)
from .stage import BY, ITEM_KEY, PARTNER, PAUSE, WEBHOOK, Deed, Stage


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
    await stage.retention.retire_old(12, by=BY)
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

DEEDS: Mapping[Act, tuple[Deed, dict[str, object]]] = {
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
