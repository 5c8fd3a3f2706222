"""What the page and the calls of webhooks do, with the refusals in words."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from halosync.domain.acts import Actor
from halosync.domain.notices import NoticeType, webhook_url
from halosync.ports.notices import NotSignedError
from halosync.ports.webhooks import MOST_WEBHOOKS, Delivery, TestPendingError, TooManyWebhooksError, Webhook

from report_api.ports import Ports
from report_api.web.problems import invalid, not_found, too_many_requests, unavailable

NO_WEBHOOK = "There is no such webhook."
NO_DELIVERY = "The webhook has no such delivery. Deliveries are kept for 30 days."
TOO_MANY = (
    f"A partner can have at most {MOST_WEBHOOKS} webhooks. Delete one that nobody needs, then create the new one."
)
TEST_PENDING = "The test before is still on its way. Wait for its answer, then send another one."
NOT_NOW = "A webhook cannot be created now, because a part of Converge is not ready. Nothing was changed. Try again."

_FULL_RETRY_AFTER_S, _TEST_RETRY_AFTER_S = 3600, 15
_SECRET_BYTES = 32


@dataclass(frozen=True)
class CreatedWebhook:
    """A new webhook, and its secret, which is shown once."""

    webhook: Webhook
    secret: str = field(repr=False)


async def create_webhook(
    ports: Ports,
    partner_id: str,
    url: str,
    events: Sequence[NoticeType] | None,
    *,
    by: Actor,
    webhook_id: UUID | None = None,
) -> CreatedWebhook:
    """Create a webhook.

    Args:
        ports: the stores, and the way to seal the secret.
        partner_id: whose.
        url: as it was entered.
        events: what it is told of; None: everything.
        by: who creates it.
        webhook_id: the id it is to have, so that who asks twice gets one.

    Raises:
        Problem: 422, the address may not be one; 429, there are as many as there may be; 503, auth has no key yet.
        WebhookExistsError: there is one of that id.
    """
    try:
        address = webhook_url(url, private=ports.private_webhooks)
    except ValueError as error:
        raise invalid("url", str(error)) from None
    number = webhook_id or uuid4()
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    try:
        sealed = await ports.webhook_secrets.seal(secret, number)
        webhook = await ports.webhooks.create(partner_id, number, address, events, sealed, by=by)
    except NotSignedError:
        raise unavailable(NOT_NOW) from None
    except TooManyWebhooksError:
        raise too_many_requests(TOO_MANY, _FULL_RETRY_AFTER_S) from None
    return CreatedWebhook(webhook, secret)


async def webhook_of(ports: Ports, partner_id: str, webhook_id: str) -> Webhook:
    """Return a webhook of the partner.

    Raises:
        Problem: 404, there is none of that id.
    """
    number = uuid_of(webhook_id)
    webhook = None if number is None else await ports.webhooks.get(partner_id, number)
    if webhook is None:
        raise not_found(NO_WEBHOOK)
    return webhook


async def delete_webhook(ports: Ports, partner_id: str, webhook_id: str, *, by: Actor) -> None:
    """Delete a webhook.

    Raises:
        Problem: 404, there is none of that id.
    """
    number = uuid_of(webhook_id)
    if number is None or not await ports.webhooks.delete(partner_id, number, by=by):
        raise not_found(NO_WEBHOOK)


async def test_webhook(ports: Ports, partner_id: str, webhook_id: str, *, by: Actor) -> UUID:
    """Send a test to a webhook and return its delivery.

    Raises:
        Problem: 404, there is none of that id; 429, the test before is on its way.
    """
    number = uuid_of(webhook_id)
    try:
        delivery_id = None if number is None else await ports.webhooks.test(partner_id, number, by=by)
    except TestPendingError:
        raise too_many_requests(TEST_PENDING, _TEST_RETRY_AFTER_S) from None
    if delivery_id is None:
        raise not_found(NO_WEBHOOK)
    return delivery_id


async def replay(ports: Ports, partner_id: str, webhook_id: str, delivery_id: str) -> None:
    """Make a delivery again.

    Raises:
        Problem: 404, there is no such webhook or delivery.
    """
    of, number = uuid_of(webhook_id), uuid_of(delivery_id)
    if of is None or number is None or not await ports.webhooks.replay(partner_id, of, number):
        raise not_found(NO_DELIVERY)


def last_answer(delivery: Delivery) -> str:
    """Say what came of the last attempt of a delivery, in a few words."""
    if not delivery.attempts:
        return "Not sent yet"
    last = delivery.attempts[-1]
    return last.problem[:1].upper() + last.problem[1:] if last.problem else f"It answered {last.status}"


def uuid_of(text: str) -> UUID | None:
    """Return the id that a text is; None if it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
