"""Notices by e-mail: plain text with a link.

One message at a time from each process: a handful of people are told of a handful of changes, and the server is the
operator's own.
"""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import quote, unquote, urlsplit

import aiosmtplib

from halosync.domain.notice_sentences import letter
from halosync.domain.notices import NoticeType
from halosync.ports.notices import DueMail
from halosync.ports.webhooks import DeliveryAttempt
from halosync.runtime.smtp_url import SMTP_PORTS

DEADLINE_S = 40.0
"""How long all of it may take, in seconds: below the claim of a delivery, `halosync.store.notices.CLAIM_S`."""

QUIT_S = 5.0
"""How long the end of the conversation may take once the message was accepted, in seconds."""
_LETTERS_WIDTH = 500


class SmtpMailer:
    """Sends notices by one mail server.

    Args:
        url: of the server, as `smtp_url` takes it.
        sender: what stands as From.
        public_url: of the portal, without a slash at its end.
    """

    def __init__(self, url: str, sender: str, public_url: str) -> None:
        self._server = urlsplit(url)
        self._sender = sender
        self._public_url = public_url

    async def send(self, due: DueMail) -> DeliveryAttempt:
        """Send a notice and return what came of it."""
        began, started_at = time.monotonic(), datetime.now(UTC)
        problem: str | None = None
        try:
            await self._send(self.message(due))
        except TimeoutError:
            problem = f"the mail server did not take it within {DEADLINE_S:.0f} s"
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            problem = f"{type(error).__name__}: {error}"[:_LETTERS_WIDTH]
        return DeliveryAttempt(started_at, round((time.monotonic() - began) * 1000), None, None, problem)

    def message(self, due: DueMail) -> EmailMessage:
        """Return the message. Its id is that of the delivery: a mail program shows one that came twice once."""
        told = letter(NoticeType(due.notice.type), due.notice.data)
        page = f"{self._public_url}/portal/{quote(due.notice.partner_id, safe='')}/{told.page}"
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = due.email
        message["Subject"] = " ".join(f"{told.subject}: {due.partner_name}".split())
        message["Date"] = format_datetime(due.notice.happened_at.astimezone(UTC))
        message["Message-ID"] = f"<{due.delivery_id}@{urlsplit(self._public_url).hostname}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic answers
        message.set_content(
            f"{told.text}\n\n{page}\n\n-- \nYou get this as a biller or admin of {due.partner_name}. "
            f"An admin can switch it off: {self._public_url}/portal/{quote(due.notice.partner_id, safe='')}/settings\n"
        )
        return message

    async def _send(self, message: EmailMessage) -> None:
        server = self._server
        is_secret = server.scheme == "smtps"
        user = None if server.username is None else unquote(server.username)
        client = aiosmtplib.SMTP(
            hostname=server.hostname,
            port=server.port or SMTP_PORTS[server.scheme],
            username=user,
            password=None if user is None else unquote(server.password or ""),
            local_hostname=urlsplit(self._public_url).hostname,
            use_tls=is_secret,
            # With a password TLS is a must; without, it is used if the server offers it.
            start_tls=None if is_secret or user is None else True,
        )
        try:
            async with asyncio.timeout(DEADLINE_S):
                await client.connect()
                await client.send_message(message)
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=QUIT_S)  # the letter is taken, whatever comes of this
        finally:
            client.close()
