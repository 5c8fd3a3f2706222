"""Signing what is sent to webhooks: report-api asks, auth signs with a secret that nobody else can open."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Base64Bytes, Field

from halosync.contracts.message import Message


class SignWebhook(Message):
    """Sign a request to a webhook by the Standard Webhooks scheme."""

    message_type: ClassVar[str] = "webhook.sign.v1"

    webhook_id: UUID
    key_id: int = Field(description="The number of the key that the secret is sealed for.")
    sealed_secret: Base64Bytes = Field(description="The secret, sealed for that key and this webhook.")
    message_id: str = Field(max_length=100, description="The header `webhook-id`.")
    sent_at: AwareDatetime = Field(description="The header `webhook-timestamp`, to the second.")
    body: str


class WebhookSigned(Message):
    """The header `webhook-signature`."""

    message_type: ClassVar[str] = "webhook.signed.v1"
    exchange = None

    signature: str
