"""The pages of webhooks: creating, deliveries, test, replay, deleting."""

from functools import partial
from typing import Annotated
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import Path, Query, Request, Response
from halosync.domain.natural_order import natural_key
from halosync.domain.notice_sentences import TITLES
from halosync.domain.notices import NoticeType
from halosync.domain.roles import Role
from halosync.ports.webhooks import Delivery, Webhook, WebhookExistsError
from pydantic import AfterValidator

from report_api.access.page_guard import partner_pages
from report_api.access.session import VisitorHere, notify
from report_api.ports import Ports, PortsHere
from report_api.runs.sentences import requester
from report_api.web.addresses import partner_url, see_other
from report_api.web.forms import EMPTY_FORM, LIST_QUERY, ListQuery, ShownForm, list_query_of
from report_api.web.paging import NumberedPage
from report_api.web.problems import Problem
from report_api.web.rendering import Values, page
from report_api.web.sorting import Sorts
from report_api.web.visitor import Visitor
from report_api.webhooks.service import (
    create_webhook,
    delete_webhook,
    last_answer,
    replay,
    test_webhook,
    uuid_of,
    webhook_of,
)

router = partner_pages(sees=Role.ADMIN, changes=Role.ADMIN)

WebhookId = Annotated[str, Path()]
DeliveryId = Annotated[str, Path()]
_MOST_SHOWN = 50
_EVERYTHING = "all"
_NO_EVENT = "Choose at least one, or all."


SORTS: Sorts[Webhook] = Sorts(
    usual=lambda webhook: webhook.created_at,
    by={
        "address": lambda webhook: natural_key(webhook.url),
        # Those that fail stand last, or from behind first.
        "state": lambda webhook: webhook.failures,
        "created": lambda webhook: webhook.created_at,
    },
    then=lambda webhook: natural_key(webhook.url),
)

Sort = Annotated[str, Query(description="By what the webhooks are sorted."), AfterValidator(SORTS.known)]


def _title(delivery: Delivery) -> str:
    return next((title for kind, title in TITLES.items() if kind == delivery.type), "A test")


_RANKS = {"failed": 0, "pending": 1, "delivered": 2}
"""What needs somebody stands first."""

DELIVERY_SORTS: Sorts[Delivery] = Sorts(
    usual=lambda delivery: -delivery.happened_at.timestamp(),
    by={
        "notice": lambda delivery: natural_key(_title(delivery)),
        "when": lambda delivery: delivery.happened_at,
        "state": lambda delivery: _RANKS[delivery.state],
        "answer": lambda delivery: natural_key(last_answer(delivery)),
        "attempts": lambda delivery: len(delivery.attempts),
    },
    then=lambda delivery: (-delivery.happened_at.timestamp(), delivery.delivery_id),
)

DeliverySort = Annotated[
    str, Query(alias="sort", description="By what the deliveries are sorted."), AfterValidator(DELIVERY_SORTS.known)
]


@router.get("/webhooks")
async def show(request: Request, visitor: VisitorHere, ports: PortsHere, sort: Sort = "") -> Response:
    """List the webhooks."""
    return await _page(request, visitor, ports, sort)


@router.post("/webhooks")
async def create(request: Request, visitor: VisitorHere, ports: PortsHere) -> Response:
    """Create a webhook and show its secret, this once, as the answer to the form; as with API keys."""
    form = await request.form()
    query, entered = list_query_of(form), str(form.get("url", ""))
    again = partial(_page, request, visitor, ports, SORTS.of(query))
    chosen = [kind for kind in NoticeType if kind in form.getlist("events")]
    events = None if form.get("which", _EVERYTHING) == _EVERYTHING else chosen
    if events == []:
        return await again(ShownForm(entered, {"events": _NO_EVENT}, 422), chosen=chosen)
    number = uuid_of(str(form.get("webhook_id", "")))
    try:
        created = await create_webhook(ports, visitor.partner_id, entered, events, by=visitor.actor, webhook_id=number)
    except WebhookExistsError:
        lost = "This webhook was created already, and its secret cannot be shown again. Delete it if you lost it."
        await notify(request, lost, "info")
        return see_other(visitor.partner_id, "webhooks", **query)
    except Problem as problem:
        told = problem.members["errors"][0]["message"] if "errors" in problem.members else problem.detail
        errors = {"url": f"The address {told}." if "errors" in problem.members else told}
        return await again(ShownForm(entered, errors, problem.status_code), chosen=events)
    values: Values = {"webhook": created.webhook, "secret": created.secret, "list_query": urlencode(query)}
    return page(request, "webhooks/created.html", tab="webhooks", **values)


@router.get("/webhooks/{webhook_id}")
async def show_one(
    *,
    request: Request,
    visitor: VisitorHere,
    ports: PortsHere,
    webhook_id: WebhookId,
    sort: DeliverySort = "",
    list_query: ListQuery = "",
) -> Response:
    """Show what was sent to a webhook: the newest deliveries, sorted as asked; `list_query` leads back to the list."""
    webhook = await webhook_of(ports, visitor.partner_id, webhook_id)
    deliveries = await ports.webhooks.deliveries(webhook.webhook_id, most=_MOST_SHOWN)
    here = partner_url(visitor.partner_id, "webhooks", webhook_id)
    return page(
        request,
        "webhooks/webhook.html",
        tab="webhooks",
        webhook=webhook,
        creator=requester(webhook.created_by),
        deliveries=DELIVERY_SORTS.sorted(deliveries, sort),
        sort=sort,
        listing=NumberedPage.whole(here, {"sort": sort, LIST_QUERY: list_query}, len(deliveries)),
        list_query=list_query,
        most=_MOST_SHOWN,
        title=_title,
        last_answer=last_answer,
    )


@router.post("/webhooks/{webhook_id}/test")
async def test(request: Request, visitor: VisitorHere, ports: PortsHere, webhook_id: WebhookId) -> Response:
    """Send a test."""
    await test_webhook(ports, visitor.partner_id, webhook_id, by=visitor.actor)
    await notify(request, "A test is on its way. Load the page again to see what was answered.")
    return see_other(visitor.partner_id, "webhooks", webhook_id, **list_query_of(await request.form()))


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/replay")
async def replay_delivery(
    *, request: Request, visitor: VisitorHere, ports: PortsHere, webhook_id: WebhookId, delivery_id: DeliveryId
) -> Response:
    """Send a notice again."""
    await replay(ports, visitor.partner_id, webhook_id, delivery_id)
    await notify(request, "The notice is sent again. Load the page again to see what was answered.")
    return see_other(visitor.partner_id, "webhooks", webhook_id, **list_query_of(await request.form()))


@router.get("/webhooks/{webhook_id}/delete")
async def ask_delete(
    *, request: Request, visitor: VisitorHere, ports: PortsHere, webhook_id: WebhookId, list_query: ListQuery = ""
) -> Response:
    """Ask before a webhook is deleted."""
    webhook = await webhook_of(ports, visitor.partner_id, webhook_id)
    return page(request, "webhooks/delete.html", tab="webhooks", webhook=webhook, list_query=list_query)


@router.post("/webhooks/{webhook_id}/delete")
async def delete(request: Request, visitor: VisitorHere, ports: PortsHere, webhook_id: WebhookId) -> Response:
    """Delete a webhook."""
    await delete_webhook(ports, visitor.partner_id, webhook_id, by=visitor.actor)
    await notify(request, "Deleted. Nothing is sent to this address any more.")
    return see_other(visitor.partner_id, "webhooks", **list_query_of(await request.form()))


async def _page(
    request: Request,
    visitor: Visitor,
    ports: Ports,
    sort: str,
    form: ShownForm = EMPTY_FORM,
    *,
    chosen: list[NoticeType] | None = None,
) -> Response:
    webhooks = SORTS.sorted(await ports.webhooks.page(visitor.partner_id), sort)
    return page(
        request,
        "webhooks/webhooks.html",
        form.status,
        tab="webhooks",
        webhooks=webhooks,
        sort=sort,
        listing=NumberedPage.whole(partner_url(visitor.partner_id, "webhooks"), {"sort": sort}, len(webhooks)),
        titles=TITLES,
        new_id=uuid4(),
        entered=form.entered,
        chosen=chosen,
        errors=form.errors,
    )
