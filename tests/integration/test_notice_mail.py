"""Notices by e-mail, to a real SMTP server: to whom, what it says, and what becomes of it when the server refuses."""

import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from devstack.ports import free_port
from halosync.contracts.connection import ConnectionLost
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Role
from halosync.ports.notices import DueMail
from halosync.runtime import notice_mail
from halosync.runtime.notice_mail import SmtpMailer
from halosync.runtime.smtp_url import smtp_url
from halosync.runtime.webhook_sender import HttpWebhookSender
from halosync.store.notices import CLAIM_S
from halosync.store.outbox import emit
from report_api.webhooks import delivering
from report_api.webhooks.delivering import NoticeDelivery

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

ACME = "acme-msp"


class Sink:
    """Keeps what it gets; `refuses` everything while that is set, and never answers to message number `silent_at`."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.refuses = False
        self.silent_at = 0
        self.has_it = threading.Event()
        vars(self)["handle_DATA"] = self.take  # as the library calls it

    async def take(self, _server: object, _session: object, envelope: Envelope) -> str:
        """Take a message."""
        if self.refuses:
            return "451 come again later"
        message = message_from_bytes(cast("bytes", envelope.original_content), policy=policy.default)
        self.got.append(message)
        if len(self.got) == self.silent_at:
            self.has_it.set()
            await asyncio.sleep(3600)  # until its sender is gone
        return "250 taken"


@pytest.fixture
def sink() -> Iterator[tuple[Sink, str]]:
    """A mail server and its address."""
    handler = Sink()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


def lost() -> ConnectionLost:
    return ConnectionLost(
        partner_id=ACME, tenant="acme", reason="invalid_grant", problem="Halo ended it.", lost_at=datetime.now(UTC)
    )


async def one_is_due(world: "World", mailer: SmtpMailer) -> NoticeDelivery:
    """Return the work, with one e-mail to send."""
    await world.ports.people.put(ACME, "anna@acme.example", Role.ADMIN, by=COMMAND_LINE)
    async with world.pool.acquire() as connection, connection.transaction():
        await emit(connection, lost())
    work = NoticeDelivery(world.ports.notices, world.ports.webhook_secrets, HttpWebhookSender(), mailer)
    await work.spread()
    return work


async def test_billers_and_admins_are_told_until_the_partner_switches_it_off(
    world: "World", sink: tuple[Sink, str]
) -> None:
    server, url = sink
    people = {"anna@acme.example": Role.ADMIN, "bill@acme.example": Role.BILLER, "v@acme.example": Role.VIEWER}
    for email, role in people.items():
        await world.ports.people.put(ACME, email, role, by=COMMAND_LINE)
    sender = HttpWebhookSender()
    mailer = SmtpMailer(url, "halosync <halosync@converge.example>", "https://converge.example")
    work = NoticeDelivery(world.ports.notices, world.ports.webhook_secrets, sender, mailer)

    async def happens() -> None:
        async with world.pool.acquire() as connection, connection.transaction():
            await emit(connection, lost())
        await work.spread()
        await work.mail(asyncio.Event())

    server.refuses = True
    await happens()
    assert server.got == []
    server.refuses = False
    await world.ports.people.remove(ACME, "bill@acme.example", by=COMMAND_LINE)
    await world.pool.execute("UPDATE notice_delivery SET due_at = clock_timestamp()")
    await work.mail(asyncio.Event())
    (message,) = server.got  # and none to somebody who is gone
    assert message["To"] == "anna@acme.example"
    assert message["From"] == "halosync <halosync@converge.example>"
    assert message["Subject"] == f"Halo is no longer connected: {ACME}"
    text = message.get_content()
    assert "Halo ended it. Nothing is synchronised until it is connected again." in text
    assert f"https://converge.example/portal/{ACME}/halo-psa" in text
    attempts = await world.pool.fetch("SELECT problem FROM notice_attempt ORDER BY number, started_at")
    assert [("451" in str(row["problem"])) for row in attempts] == [True, False]

    await world.pool.execute("UPDATE partner SET email_notices = false")
    await happens()
    assert len(server.got) == 1
    await sender.close()


async def test_a_mail_server_that_says_nothing_holds_up_neither_the_next_attempt_nor_the_end(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mailer = SmtpMailer(f"smtp://127.0.0.1:{silent.getsockname()[1]}", "h@c.example", "https://converge.example")
        work = await one_is_due(world, mailer)
        monkeypatch.setattr(delivering, "STOP_S", 0.1)
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, stop.set)
        async with asyncio.timeout(5):
            await work.mail(stop)
        assert await world.pool.fetchval("SELECT count(*) FROM notice_attempt") == 0  # it is sent again
        assert notice_mail.DEADLINE_S + notice_mail.QUIT_S < CLAIM_S
        await world.pool.execute("UPDATE notice_delivery SET due_at = clock_timestamp()")
        monkeypatch.setattr(notice_mail, "DEADLINE_S", 0.1)
        async with asyncio.timeout(5):
            await work.mail(asyncio.Event())
    assert "within" in await world.pool.fetchval("SELECT problem FROM notice_attempt")


MAILER = """
import asyncio, sys
from halosync.runtime.notice_mail import SmtpMailer
from halosync.store.notices import NoticeStore
from halosync.store.pool import open_pool
from report_api.webhooks.delivering import NoticeDelivery

async def main():
    notices = NoticeStore(await open_pool(sys.argv[1], max_size=1))
    mailer = SmtpMailer(sys.argv[2], "h@c.example", "https://converge.example")
    await NoticeDelivery(notices, None, None, mailer).mail(asyncio.Event())

asyncio.run(main())
"""


async def test_after_kill_9_while_the_mail_server_has_it_the_same_message_comes_again(
    world: "World", database_url: str, sink: tuple[Sink, str]
) -> None:
    server, url = sink
    server.silent_at = 1
    mailer = SmtpMailer(url, "h@c.example", "https://converge.example")
    work = await one_is_due(world, mailer)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", MAILER, database_url, url)
    try:
        assert await asyncio.to_thread(server.has_it.wait, 30)
    finally:
        process.kill()
        await process.wait()
    await work.mail(asyncio.Event())
    assert len(server.got) == 1, "it may still be on its way"
    assert await world.pool.fetchval("SELECT count(*) FROM notice_attempt") == 0
    await world.pool.execute("UPDATE notice_delivery SET due_at = clock_timestamp()")  # its claim has run out
    await work.mail(asyncio.Event())
    first, second = server.got
    assert first["Message-ID"] == second["Message-ID"], "a mail program shows it once"
    assert await world.pool.fetchval("SELECT state FROM notice_delivery") == "delivered"
    await work.mail(asyncio.Event())
    assert len(server.got) == 2


async def test_who_has_lost_the_claim_of_an_email_changes_nothing(world: "World") -> None:
    mailer = SmtpMailer("smtp://127.0.0.1:1", "h@c.example", "https://converge.example")
    await one_is_due(world, mailer)
    first = await world.ports.notices.claim_mail()
    await world.pool.execute("UPDATE notice_delivery SET due_at = clock_timestamp()")
    second = await world.ports.notices.claim_mail()
    assert isinstance(first, DueMail)
    assert isinstance(second, DueMail)
    await world.ports.notices.finish_mail(first, await mailer.send(first))
    assert await world.pool.fetchval("SELECT count(*) FROM notice_attempt") == 0
    await world.ports.notices.finish_mail(second, await mailer.send(second))
    assert await world.pool.fetchval("SELECT count(*) FROM notice_attempt") == 1


async def test_without_tls_no_password_is_sent(world: "World", sink: tuple[Sink, str]) -> None:
    server, url = sink
    mailer = SmtpMailer(url.replace("//", "//user:geheim@"), "h@c.example", "https://converge.example")
    work = await one_is_due(world, mailer)
    await work.mail(asyncio.Event())
    problem = await world.pool.fetchval("SELECT problem FROM notice_attempt")
    assert ("STARTTLS" in problem, "geheim" in problem, server.got) == (True, False, [])


@pytest.mark.parametrize(
    "url", ["", "http://mail.example", "smtp://", "smtp://mail.example/path", "smtp://mail.example:x"]
)
def test_what_is_no_mail_server_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="smtps"):
        smtp_url(url)
    with pytest.raises(ValueError, match="smtps") as refused:
        smtp_url("ftp://user:geheim@mail.example")
    assert "geheim" not in str(refused.value)
