"""Webhooks: where a partner's programs are told what has changed (spec section 11, "Told")."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from halosync.domain.roles import Role
from pydantic import TypeAdapter

from report_api.access.api_guard import ActorHere, Partner, partner_router
from report_api.ports import PortsHere
from report_api.web.fields import Moment
from report_api.web.paging import CursorText, Keyset, Limit
from report_api.web.problems import responses
from report_api.webhooks.models import (
    DeliveryPage,
    DeliveryShown,
    NewWebhook,
    OnItsWay,
    WebhookPage,
    WebhookRequest,
    WebhookShown,
)
from report_api.webhooks.service import create_webhook, delete_webhook, replay, test_webhook, webhook_of

router: APIRouter = partner_router("Webhooks", sees=Role.ADMIN, changes=Role.ADMIN)

_BEHIND = TypeAdapter[tuple[datetime, UUID]](tuple[Moment, UUID])
_WEBHOOKS, _DELIVERIES = Keyset("webhooks", _BEHIND), Keyset("deliveries", _BEHIND)

WebhookPath = Annotated[str, Path(description="The webhook's id.", json_schema_extra={"format": "uuid"})]
DeliveryPath = Annotated[str, Path(description="The delivery's id.", json_schema_extra={"format": "uuid"})]


@router.get("/webhooks", summary="List the webhooks")
async def list_webhooks(
    partner: Partner, ports: PortsHere, cursor: CursorText = None, limit: Limit = 100
) -> WebhookPage:
    """The partner's webhooks, oldest first. Their secrets are shown to nobody again."""
    rows = await ports.webhooks.page(partner, after=_WEBHOOKS.after(cursor), most=limit + 1)
    page, following = _WEBHOOKS.split(rows, limit, lambda webhook: (webhook.created_at, webhook.webhook_id))
    return WebhookPage(items=[WebhookShown.of(webhook) for webhook in page], next_cursor=following)


@router.post("/webhooks", status_code=201, responses=responses(400, 413), summary="Create a webhook")
async def create(partner: Partner, wanted: WebhookRequest, by: ActorHere, ports: PortsHere) -> NewWebhook:
    """Have changes posted to an address, as `{"type", "timestamp", "data"}`.

    Each request is signed by the [Standard Webhooks](https://www.standardwebhooks.com) scheme: `webhook-id`,
    `webhook-timestamp`, `webhook-signature`. The secret is in this answer and can never be shown again. Any answer
    from 200 to 299 takes a notice; otherwise it comes again, with growing pauses, for a day. A notice may come twice,
    with the same `webhook-id`, and notices may come in another order than they happened.

    429: the partner has 10 webhooks; delete one first.
    """
    created = await create_webhook(ports, partner, wanted.url, wanted.events, by=by)
    return NewWebhook.of(created.webhook, secret=created.secret)


@router.delete("/webhooks/{webhook_id}", status_code=204, summary="Delete a webhook")
async def delete(partner: Partner, webhook_id: WebhookPath, by: ActorHere, ports: PortsHere) -> None:
    """Tell this address nothing more. What is on its way to it is dropped, and its deliveries are forgotten."""
    await delete_webhook(ports, partner, webhook_id, by=by)


@router.post("/webhooks/{webhook_id}/test", status_code=202, responses=responses(400, 413), summary="Test a webhook")
async def test(partner: Partner, webhook_id: WebhookPath, by: ActorHere, ports: PortsHere) -> OnItsWay:
    """Send a notice of the type `webhook.test`, to this webhook alone; its delivery tells what was answered."""
    return OnItsWay(delivery_id=await test_webhook(ports, partner, webhook_id, by=by))


@router.get("/webhooks/{webhook_id}/deliveries", summary="List what was sent to a webhook")
async def list_deliveries(
    *, partner: Partner, webhook_id: WebhookPath, ports: PortsHere, cursor: CursorText = None, limit: Limit = 100
) -> DeliveryPage:
    """Every notice to this webhook of the last 30 days with each attempt, newest first."""
    webhook = await webhook_of(ports, partner, webhook_id)
    rows = await ports.webhooks.deliveries(webhook.webhook_id, after=_DELIVERIES.after(cursor), most=limit + 1)
    page, following = _DELIVERIES.split(rows, limit, lambda each: (each.created_at, each.delivery_id))
    return DeliveryPage(items=[DeliveryShown.of(each) for each in page], next_cursor=following)


@router.post(
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=202,
    responses=responses(400, 413),
    summary="Send a notice again",
)
async def replay_delivery(
    partner: Partner, webhook_id: WebhookPath, delivery_id: DeliveryPath, ports: PortsHere
) -> OnItsWay:
    """Send it again, at once and with the same `webhook-id`, whatever was answered before."""
    await replay(ports, partner, webhook_id, delivery_id)
    return OnItsWay(delivery_id=UUID(delivery_id))
