"""Webhooks and their deliveries as an admin looks at them; delivering is `halosync.store.notices`."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from halosync.domain.acts import Act, Actor
from halosync.domain.notices import TEST
from halosync.ports.partners import UnknownPartnerError
from halosync.ports.webhooks import (
    MOST_WEBHOOKS,
    Behind,
    Delivery,
    DeliveryAttempt,
    SealedSecret,
    TestPendingError,
    TooManyWebhooksError,
    Webhook,
    WebhookExistsError,
)
from halosync.store.audit import record
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES


class WebhookStore:
    """The webhooks of partners. Arguments and errors: the Protocol `halosync.ports.webhooks.Webhooks`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

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
        """Create a webhook; `events` None: of everything."""
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await QUERIES.one_change_at_a_time(connection, partner_id=partner_id)
                row = await QUERIES.create_webhook(
                    connection,
                    webhook_id=webhook_id,
                    partner_id=partner_id,
                    url=url,
                    events=None if events is None else list(events),
                    secret_key_id=secret.key_id,
                    sealed_secret=secret.sealed,
                    created_by=by.name,
                )
                if row is None:
                    raise WebhookExistsError(str(webhook_id))
                if await QUERIES.count_webhooks(connection, partner_id=partner_id) > MOST_WEBHOOKS:
                    raise TooManyWebhooksError(partner_id)
                detail = {"url": url}
                await record(
                    connection, by, Act.WEBHOOK_CREATED, partner_id=partner_id, subject=str(webhook_id), detail=detail
                )
        except asyncpg.ForeignKeyViolationError:
            raise UnknownPartnerError(partner_id) from None
        return Webhook(**row)

    async def page(self, partner_id: str, *, after: Behind | None = None, most: int = MOST_WEBHOOKS) -> list[Webhook]:
        """Return a partner's webhooks, oldest first, at most `most` behind `after`."""
        at, webhook_id = after or (None, None)
        rows = QUERIES.page_of_webhooks(self._pool, partner_id=partner_id, after_at=at, after_id=webhook_id, most=most)
        return [Webhook(**row) async for row in rows]

    async def get(self, partner_id: str, webhook_id: UUID) -> Webhook | None:
        """Return a webhook of a partner; None if there is none of that id."""
        row = await QUERIES.webhook_of_partner(self._pool, webhook_id=webhook_id, partner_id=partner_id)
        return None if row is None else Webhook(**row)

    async def delete(self, partner_id: str, webhook_id: UUID, *, by: Actor) -> bool:
        """Delete a webhook with its deliveries; False if there is none of that id."""
        async with self._pool.acquire() as connection, connection.transaction():
            url = await QUERIES.delete_webhook(connection, webhook_id=webhook_id, partner_id=partner_id)
            if url is None:
                return False
            detail = {"url": url}
            await record(
                connection, by, Act.WEBHOOK_DELETED, partner_id=partner_id, subject=str(webhook_id), detail=detail
            )
        return True

    async def test(self, partner_id: str, webhook_id: UUID, *, by: Actor) -> UUID | None:
        """Send a test to a webhook alone; return its delivery, None if there is no such webhook."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await QUERIES.lock_webhook(connection, webhook_id=webhook_id, partner_id=partner_id) is None:
                return None
            if await QUERIES.pending_test(connection, webhook_id=webhook_id, type=TEST):
                raise TestPendingError(str(webhook_id))
            data = {"partner_id": partner_id, "webhook_id": str(webhook_id), "requested_by": by.name}
            delivery_id: UUID = await QUERIES.add_test(
                connection, partner_id=partner_id, webhook_id=webhook_id, type=TEST, data=data
            )
        return delivery_id

    async def deliveries(self, webhook_id: UUID, *, after: Behind | None = None, most: int) -> Sequence[Delivery]:
        """Return the deliveries of a webhook with their attempts, newest first, at most `most` behind `after`."""
        at, delivery_id = after or (None, None)
        rows = QUERIES.deliveries_page(self._pool, webhook_id=webhook_id, after_at=at, after_id=delivery_id, most=most)
        found = [row async for row in rows]
        made: defaultdict[UUID, list[DeliveryAttempt]] = defaultdict(list)
        async for row in QUERIES.attempts_of(self._pool, delivery_ids=[row["delivery_id"] for row in found]):
            made[row["delivery_id"]].append(_attempt(row))
        return [Delivery(**row, attempts=made[row["delivery_id"]]) for row in found]

    async def replay(self, partner_id: str, webhook_id: UUID, delivery_id: UUID) -> bool:
        """Make a delivery again, at once; False if the webhook or the delivery is not the partner's."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await QUERIES.lock_webhook(connection, webhook_id=webhook_id, partner_id=partner_id) is None:
                return False
            replayed = await QUERIES.replay_delivery(connection, delivery_id=delivery_id, webhook_id=webhook_id)
        return replayed is not None


def _attempt(row: asyncpg.Record) -> DeliveryAttempt:
    return DeliveryAttempt(**{name: row[name] for name in DeliveryAttempt.__dataclass_fields__})
