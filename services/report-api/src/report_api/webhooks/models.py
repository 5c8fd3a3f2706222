"""Webhooks as programs see them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID

from halosync.domain.notices import MOST_URL, NoticeType
from halosync.ports.webhooks import Delivery, DeliveryState, Webhook
from pydantic import BaseModel, ConfigDict, Field

from report_api.web.paging import Page


class WebhookRequest(BaseModel):
    """Create a webhook."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={
            "example": {"url": "https://example.com/halosync", "events": ["run.finished", "items.held"]}
        },
    )

    url: Annotated[str, Field(min_length=1, max_length=MOST_URL)] = Field(
        description="Where notices are posted: https, reachable from the internet, answering itself (no redirect)."
    )
    events: Annotated[list[NoticeType], Field(min_length=1, max_length=len(NoticeType))] | None = Field(
        default=None, description="What it is told of; null: everything, also what later versions add."
    )


class WebhookShown(BaseModel):
    """A webhook, without its secret."""

    webhook_id: UUID
    url: str
    events: Sequence[str] | None = Field(description="Null: everything.")
    created_at: datetime
    created_by: str
    failures: int = Field(description="How many attempts in a row have failed; 0: the last one succeeded.")
    rests_until: datetime | None = Field(
        description="It has failed, and nothing is sent to it before; null: it does not rest."
    )

    @classmethod
    def of(cls, webhook: Webhook, **more: object) -> Self:
        """Return a webhook as it is shown."""
        named = {name: getattr(webhook, name) for name in WebhookShown.model_fields}
        rests = webhook.rests_until if webhook.rests_until > datetime.now(UTC) else None
        return cls(**{**named, "rests_until": rests}, **more)


class NewWebhook(WebhookShown):
    """A webhook that was created, with the secret that its requests are signed with. It is shown this once."""

    secret: str = Field(
        description="For the check of `webhook-signature`, by any library of Standard Webhooks.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class WebhookPage(Page[WebhookShown]):
    """One page of webhooks, oldest first."""


class DeliveryAttemptShown(BaseModel):
    """One attempt to deliver a notice."""

    model_config = ConfigDict(from_attributes=True)

    started_at: datetime
    duration_ms: int
    status: int | None = Field(description="Of the answer; null: there was none.")
    answer: str | None = Field(description="The first bytes of the answer.")
    problem: str | None = Field(description="Why it did not succeed; null: it did.")


class DeliveryShown(BaseModel):
    """A notice on its way to a webhook, or arrived."""

    model_config = ConfigDict(from_attributes=True)

    delivery_id: UUID
    message_id: UUID = Field(
        validation_alias="notice_id", description="The header `webhook-id`: the same in every attempt and replay."
    )
    type: str
    state: DeliveryState
    happened_at: datetime
    created_at: datetime
    next_attempt_at: datetime | None = Field(description="Null: there is none.")
    attempts: list[DeliveryAttemptShown] = Field(description="Oldest first.")
    data: dict[str, object] = Field(description="What is told: `data` of the request's body.")

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """Return a delivery as it is shown."""
        return cls.model_validate(delivery)


class DeliveryPage(Page[DeliveryShown]):
    """One page of deliveries, newest first."""


class OnItsWay(BaseModel):
    """A notice that will be sent at once."""

    delivery_id: UUID
