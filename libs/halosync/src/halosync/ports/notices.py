"""Notices on their way to partners (spec section 11, "Told"), and what carries them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from halosync.ports.webhooks import DeliveryAttempt, SealedSecret


class NotSignedError(RuntimeError):
    """A notice cannot be signed or a secret be sealed now; the text says why."""


class SignerAwayError(NotSignedError):
    """What signs does not answer: a notice waits for it, and no attempt is spent."""


@dataclass(frozen=True, slots=True)
class ToldNotice:
    """What is told. `notice_id` is the same in every attempt and to every receiver."""

    notice_id: UUID
    partner_id: str
    type: str
    data: Mapping[str, object]
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class DueWebhook:
    """A delivery to a webhook, claimed until `claimed_until`. `due_at` changes when somebody asks for it again."""

    delivery_id: UUID
    notice: ToldNotice
    attempts: int
    due_at: datetime
    webhook_id: UUID
    url: str
    secret: SealedSecret
    claimed_until: datetime
    failures: int


@dataclass(frozen=True, slots=True)
class DueMail:
    """A delivery to a person, claimed until `due_at`. `is_wanted` False: the person has lost the role meanwhile."""

    delivery_id: UUID
    notice: ToldNotice
    attempts: int
    due_at: datetime
    email: str
    partner_name: str
    is_wanted: bool


class Notices(Protocol):
    """Notices on their way; see `NoticeStore`."""

    async def spread(self, *, by_mail: bool) -> int:
        """Make deliveries of notices that are new; return how many notices there were. Without `by_mail` no e-mail."""
        ...

    async def tell_overdue(self, today: date, *, by_mail: bool) -> None:
        """Tell each partner once whose invoice is overdue on this day, in UTC."""

    async def claim_webhook(self, full: Collection[str]) -> DueWebhook | None:
        """Claim the delivery to a webhook that is due longest; None if none is. `full`: partners that wait."""
        ...

    async def finish_webhook(self, due: DueWebhook, attempt: DeliveryAttempt) -> None:
        """Keep what came of an attempt and release the webhook; nothing if the claim is lost or the webhook gone."""

    async def postpone_webhook(self, due: DueWebhook, wait_s: float) -> None:
        """Release a webhook to which nothing could be sent for a reason of ours; its receiver has not failed."""

    async def claim_mail(self) -> DueMail | None:
        """Claim an e-mail that is due; None if none is."""
        ...

    async def finish_mail(self, due: DueMail, attempt: DeliveryAttempt) -> None:
        """Keep what came of an e-mail; nothing if the claim is lost."""

    async def drop_mail(self, due: DueMail) -> None:
        """Forget an e-mail that nobody wants any more."""

    async def give_up(self) -> int:
        """Give up some of the deliveries that receivers have not taken for a day; return how many."""
        ...

    async def purge(self) -> int:
        """Delete some of the notices that are older than they are kept; return how many."""
        ...


class WebhookSecrets(Protocol):
    """Seals secrets for auth, which alone signs with them."""

    async def seal(self, secret: str, webhook_id: UUID) -> SealedSecret:
        """Seal a secret (`whsec_…`) for the webhook of this id.

        Raises:
            NotSignedError: auth has not published its key yet.
        """
        ...

    async def sign(self, due: DueWebhook, sent_at: datetime, body: str) -> str:
        """Return the signature of a request, as the header `webhook-signature` has it.

        Raises:
            SignerAwayError: auth does not answer.
            NotSignedError: it cannot open the secret.
        """
        ...


class WebhookSender(Protocol):
    """Carries requests to webhooks."""

    async def post(self, url: str, headers: Mapping[str, str], body: str) -> DeliveryAttempt:
        """Post a body and return what was answered; never raises for what the receiver does."""
        ...


class NoticeMailer(Protocol):
    """Sends notices by e-mail."""

    async def send(self, due: DueMail) -> DeliveryAttempt:
        """Send a notice to a person and return what came of it; never raises for what the server does."""
        ...
