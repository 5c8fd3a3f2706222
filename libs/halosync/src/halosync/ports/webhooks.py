"""Webhooks of partners (spec section 11, "Told"): where they are told, and what became of each delivery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

from halosync.domain.acts import Actor

MOST_WEBHOOKS = 10
"""Of one partner."""

DeliveryState = Literal["pending", "delivered", "failed"]
"""On its way; taken by the receiver; given up."""

Behind: TypeAlias = tuple[datetime, UUID]
"""What the last row of a page is sorted by: when it was made, and its id."""


class TooManyWebhooksError(RuntimeError):
    """The partner has `MOST_WEBHOOKS`."""


class WebhookExistsError(RuntimeError):
    """There is a webhook of that id already."""


class TestPendingError(RuntimeError):
    """An earlier test of the webhook is still on its way."""

    __test__ = False  # or pytest would take its name for that of a test


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """The secret of a webhook as only auth can open it: sealed for its key of this number."""

    key_id: int
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address at which a partner is told. `events` None: of everything. `failures`: in a row, until now."""

    webhook_id: UUID
    url: str
    events: Sequence[str] | None
    created_at: datetime
    created_by: str
    failures: int
    rests_until: datetime


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One attempt to deliver a notice.

    Attributes:
        status: of the answer; None: there was none.
        answer: its first bytes, as text.
        problem: why it did not succeed, in words; None: it did.
    """

    started_at: datetime
    duration_ms: int
    status: int | None
    answer: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice on its way to a webhook, or arrived. `next_attempt_at` None: there is none."""

    delivery_id: UUID
    notice_id: UUID
    type: str
    data: Mapping[str, object]
    happened_at: datetime
    state: DeliveryState
    created_at: datetime
    next_attempt_at: datetime | None
    attempts: Sequence[DeliveryAttempt]


class Webhooks(Protocol):
    """The webhooks of partners; see `WebhookStore`."""

    async def create(
        self,
        partner_id: str,
        webhook_id: UUID,
        url: str,
        events: Sequence[str] | None,
        secret: SealedSecret,
        *,
        by: Actor,
    ) -> Webhook:
        """Create a webhook; `events` None: of everything.

        Raises:
            UnknownPartnerError: there is no such partner.
            WebhookExistsError: there is one of that id.
            TooManyWebhooksError: the partner has `MOST_WEBHOOKS`.
        """
        ...

    async def page(self, partner_id: str, *, after: Behind | None = None, most: int = MOST_WEBHOOKS) -> list[Webhook]:
        """Return a partner's webhooks, oldest first, at most `most` behind `after`."""
        ...

    async def get(self, partner_id: str, webhook_id: UUID) -> Webhook | None:
        """Return a webhook of a partner; None if there is none of that id."""
        ...

    async def delete(self, partner_id: str, webhook_id: UUID, *, by: Actor) -> bool:
        """Delete a webhook with its deliveries; False if there is none of that id."""
        ...

    async def test(self, partner_id: str, webhook_id: UUID, *, by: Actor) -> UUID | None:
        """Send a test to a webhook alone; return its delivery, None if there is no such webhook.

        Raises:
            TestPendingError: an earlier one is still on its way.
        """
        ...

    async def deliveries(self, webhook_id: UUID, *, after: Behind | None = None, most: int) -> Sequence[Delivery]:
        """Return the deliveries of a webhook with their attempts, newest first, at most `most` behind `after`."""
        ...

    async def replay(self, partner_id: str, webhook_id: UUID, delivery_id: UUID) -> bool:
        """Make a delivery again, at once; False if the webhook or the delivery is not the partner's."""
        ...
