"""Notices by e-mail: plain text with a link, by the standard library's SMTP in a thread.

One message at a time from each process: a handful of people are told of a handful of changes, and the server is the
operator's own.
"""

import asyncio
import smtplib
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import quote, unquote, urlsplit

from halosync.domain.notice_sentences import letter
from halosync.domain.notices import NoticeType
from halosync.ports.notices import DeliveryAttempt, DueMail

TIMEOUT_S = 15.0
"""For each step of the conversation."""

_PORTS = {"smtp": 25, "smtps": 465}
_LETTERS_WIDTH = 500


def smtp_url(text: str) -> str:
    """Return the address of a mail server if it can be used.

    Raises:
        ValueError: it cannot; the text does not repeat it, because it may hold a password.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(
            "give smtp://user:password@host:587, which uses STARTTLS, or smtps://…:465; the user is optional"
        )
    return text


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
            await asyncio.to_thread(self._send, self.message(due))
        except (smtplib.SMTPException, OSError, ValueError) as error:
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

    def _send(self, message: EmailMessage) -> None:
        server, context = self._server, ssl.create_default_context()
        host, port = str(server.hostname), server.port or _PORTS[server.scheme]
        connect: Callable[[], smtplib.SMTP] = (
            (lambda: smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context))
            if server.scheme == "smtps"
            else (lambda: smtplib.SMTP(host, port, timeout=TIMEOUT_S))
        )
        with connect() as smtp:
            secret = server.scheme == "smtps"
            smtp.ehlo()
            if not secret and smtp.has_extn("starttls"):
                smtp.starttls(context=context)
                smtp.ehlo()
                secret = True
            if server.username is not None:
                if not secret:
                    raise smtplib.SMTPException("the mail server offers no TLS, so the password was not sent")
                smtp.login(unquote(server.username), unquote(server.password or ""))
            smtp.send_message(message)
