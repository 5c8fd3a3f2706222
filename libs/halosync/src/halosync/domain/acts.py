"""What the audit log keeps: who does something, and what; the acts are a closed list.

Every act has its sentence in `audit_sentences`. What is listed after "Detail" are the names of its details.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Act(StrEnum):
    """An act of the audit log. Names are kept for good: they are stored."""

    SIGNED_IN = "session.signed_in"
    """Into the portal. Subject: the key's id, or the person's e-mail address."""
    SIGNED_OUT = "session.signed_out"
    """Out of the portal. Subject: as of session.signed_in."""
    ACTS_FOR = "operator.acts_for"
    """Somebody who may enter several picked a partner in the portal. Subject: the partner."""

    PARTNER_PAUSED = "partner.paused"
    """No run of the partner starts any more. Subject: the partner."""
    PARTNER_RESUMED = "partner.resumed"
    """The partner's runs may start again. Subject: the partner."""

    PARTNER_REMOVED = "partner.removed"
    """The partner was removed with all its data but this log. Subject: the partner. Detail: name, invoices, runs (how
    many)."""
    DETAILS_PURGED = "details.purged"
    """Lines and items of old months were purged. Subject: the partner. Detail: before (a month), invoices, runs (how
    many)."""

    CONNECTION_BEGUN = "connection.begun"
    """The browser was sent to Halo. Subject: the tenant. Detail: client_id."""
    CONNECTION_ESTABLISHED = "connection.established"
    """Halo was connected. Subject: the tenant. Detail: client_id, replaces (the tenant whose links were forgotten)."""
    CONNECTION_ENDED = "connection.ended"
    """Halo was disconnected on request. Subject: the tenant."""
    CONNECTION_LOST = "connection.lost"
    """Halo refused the refresh token. Subject: the tenant."""

    CUSTOMER_LINKED = "customer.linked"
    """A customer's link was changed. Subject: the customer. Detail: customer_name, and before and after, each with
    halo_client_id, client_name, excluded."""
    PRODUCT_LINKED = "product.linked"
    """A product's licence name was changed. Subject: the product. Detail: before, after."""
    SETTINGS_CHANGED = "settings.changed"
    """Subject: the partner. Detail: changes, by setting: old and new value."""

    KEY_CREATED = "key.created"
    """Subject: the key's id. Detail: name, role."""
    KEY_REVOKED = "key.revoked"
    """Subject: the key's id. Detail: name."""

    INVOICES_CHOSEN = "month.invoices_chosen"
    """Which of several invoices of a month count. Subject: the month. Detail: invoices (together or newest),
    invoice_ids (those of the month then)."""

    PERSON_ADDED = "person.added"
    """Somebody may sign in. Subject: the e-mail address. Detail: role."""
    PERSON_CHANGED = "person.changed"
    """Somebody has another role. Subject: the e-mail address. Detail: before, after."""
    PERSON_REMOVED = "person.removed"
    """Somebody may not sign in any more. Subject: the e-mail address. Detail: role."""

    RUN_STARTED = "run.started"
    """Subject: the run. Detail: invoice_id, revision, retry_of (a run or null)."""
    PREVIEW_STARTED = "preview.started"
    """Subject: the run. Detail: as of run.started."""
    UNDO_STARTED = "undo.started"
    """Subject: the run. Detail: undoes (a run)."""
    UNDO_PREVIEW_STARTED = "undo_preview.started"
    """Subject: the run. Detail: as of undo.started."""
    ITEMS_APPROVED = "items.approved"
    """Held items were released one by one. Subject: the run that carries them out. Detail: seen_in (the run that held
    them), count."""
    REMOVALS_APPROVED = "removals.approved"
    """Subject: the run that they were approved for. Detail: most."""
    REVIEW_APPROVED = "review.approved"
    """Subject: the run that what the first review held was approved for. Detail: most."""
    LICENCE_KEEP_CHANGED = "licence.keep_changed"
    """A licence is kept from now on, or no longer. Subject: its id in Halo. Detail: name, keep."""
    SHRUNK_READ_ACCEPTED = "shrunk_read.accepted"
    """Subject: the run that may go on although Halo shows less."""
    RUN_CANCELLED = "run.cancelled"
    """Subject: the run."""

    MONTH_ACCEPTED = "month.accepted"
    """Something of a month was accepted as it is. Subject: the month. Detail: item_key, reason, note."""
    MONTH_WITHDRAWN = "month.acceptance_withdrawn"
    """An acceptance was taken back. Subject: the month. Detail: item_key."""
    MONTH_CLOSED = "month.closed"
    """A month was closed. Subject: the month. Detail: accepted (how many exceptions), fingerprint."""

    WEBHOOK_CREATED = "webhook.created"
    """Subject: the webhook's id. Detail: url."""
    WEBHOOK_DELETED = "webhook.deleted"
    """Subject: the webhook's id. Detail: url."""


@dataclass(frozen=True)
class Actor:
    """Who does something: `name` is for people, the e-mail address of a person who has signed in.

    `key_id` None: not with an API key.
    """

    name: str
    key_id: UUID | None = None
    is_operator: bool = False


AUTO_SYNC = Actor("auto_sync")
"""halosync itself, for a partner that wants each invoice synchronised when it arrives."""

COMMAND_LINE = Actor("operator", is_operator=True)
"""Who uses the operator's command; it has the database's password and no key."""

RETENTION = Actor("retention")
"""halosync itself, which keeps what is old only as long as the operator has said."""

HALO = Actor("Halo")
"""The partner's Halo, which ends a connection."""

UNNAMED = Actor("unknown")
"""Asked by a process of a version that does not say for whom."""
