"""The month as others are told of it (spec section 11)."""

from typing import ClassVar

from pydantic import AwareDatetime

from halosync.contracts.invoice import PartnerId
from halosync.contracts.message import Event


class MonthClosed(Event):
    """Somebody closed a month; it has a certificate."""

    message_type: ClassVar[str] = "month.closed.v1"

    partner_id: PartnerId
    period: str
    closed_by: str
    closed_at: AwareDatetime
    accepted: int
    fingerprint: str
