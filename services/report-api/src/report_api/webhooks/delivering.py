"""The work that delivers notices: in every replica, in the background (decision 14)."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime

import structlog
from halosync.ports.notices import (
    DueMail,
    DueWebhook,
    NoticeMailer,
    Notices,
    NotSignedError,
    SignerAwayError,
    ToldNotice,
    WebhookSecrets,
    WebhookSender,
)
from halosync.ports.webhooks import DeliveryAttempt

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 64
"""Deliveries that a process has on their way."""
MOST_OF_A_PARTNER = 2
"""Of them, those of one partner: slow receivers of one hold up no other."""
POLL_S = 1.0
SIGNER_AWAY_S = 5.0
"""How long a webhook's notices wait for auth before it is asked again."""
STOP_S = 20.0
"""How long a process that stops waits for what is on its way; what is not done then is claimed again elsewhere."""


class NoticeDelivery:
    """Spreads notices and delivers them.

    Args:
        notices: where they are kept.
        secrets: what signs.
        sender: what posts.
        mailer: what sends e-mail; None: nobody is told by e-mail.
    """

    def __init__(
        self, notices: Notices, secrets: WebhookSecrets, sender: WebhookSender, mailer: NoticeMailer | None
    ) -> None:
        self._notices = notices
        self._secrets = secrets
        self._sender = sender
        self._mailer = mailer
        self._on_their_way: dict[asyncio.Task[None], str] = {}

    async def spread(self) -> None:
        """Make deliveries of all notices that are new."""
        while await self._notices.spread(by_mail=self._mailer is not None):
            pass

    async def deliver(self, stop: asyncio.Event) -> None:
        """Spread what is new and deliver what is due; return when nothing is on its way, or soon after `stop`."""
        await self.spread()
        while not stop.is_set() and (await self._started_any() or self._on_their_way):
            await asyncio.wait(self._on_their_way, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
            self._collect()
            await self.spread()
        if self._on_their_way:
            await asyncio.wait(self._on_their_way, timeout=STOP_S)
            self._collect()

    async def mail(self, stop: asyncio.Event) -> None:
        """Send the e-mails that are due, one after the other; return when none is, or soon after `stop`."""
        while not stop.is_set() and self._mailer is not None and (due := await self._notices.claim_mail()) is not None:
            sending, stopping = asyncio.create_task(self._mail(self._mailer, due)), asyncio.create_task(stop.wait())
            await asyncio.wait([sending, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            await asyncio.wait([sending], timeout=STOP_S)
            if not sending.done():
                sending.cancel()  # its claim runs out, and it is sent again
                await asyncio.wait([sending])
                return
            sending.result()

    async def _mail(self, mailer: NoticeMailer, due: DueMail) -> None:
        if due.is_wanted:
            await self._notices.finish_mail(due, await mailer.send(due))
        else:
            await self._notices.drop_mail(due)

    async def look_for_overdue(self) -> None:
        """Tell whose invoice is overdue, give up what is not taken, and forget what is old."""
        await self._notices.tell_overdue(datetime.now(UTC).date(), by_mail=self._mailer is not None)
        while await self._notices.give_up():
            pass
        while await self._notices.purge():
            pass

    async def _started_any(self) -> bool:
        started = False
        while len(self._on_their_way) < MOST_AT_ONCE:
            at_work = Counter(self._on_their_way.values())
            full = [partner for partner, count in at_work.items() if count >= MOST_OF_A_PARTNER]
            due = await self._notices.claim_webhook(full)
            if due is None:
                break
            self._on_their_way[asyncio.create_task(self._deliver(due))] = due.notice.partner_id
            started = True
        return started

    async def _deliver(self, due: DueWebhook) -> None:
        sent_at, body = datetime.now(UTC).replace(microsecond=0), body_of(due.notice)
        try:
            signature = await self._secrets.sign(due, sent_at, body)
        except SignerAwayError:
            await self._notices.postpone_webhook(due, SIGNER_AWAY_S)
            return
        except NotSignedError as error:
            attempt = DeliveryAttempt(sent_at, 0, None, None, str(error))
        else:
            headers = {
                "webhook-id": str(due.notice.notice_id),
                "webhook-timestamp": str(int(sent_at.timestamp())),
                "webhook-signature": signature,
            }
            attempt = await self._sender.post(due.url, headers, body)
        await self._notices.finish_webhook(due, attempt)

    def _collect(self) -> None:
        for task in [task for task in self._on_their_way if task.done()]:
            del self._on_their_way[task]
            if not task.cancelled() and (error := task.exception()) is not None:
                # Its claim runs out, and the delivery is made again.
                log.warning("a delivery was not kept", error=f"{type(error).__name__}: {error}")


def body_of(notice: ToldNotice) -> str:
    """Return what is posted, the same text in every attempt."""
    told = {"type": notice.type, "timestamp": notice.happened_at.astimezone(UTC).isoformat(), "data": notice.data}
    return json.dumps(told, separators=(",", ":"))
