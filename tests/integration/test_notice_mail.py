"""Notices by e-mail, to a real SMTP server: to whom, what it says, and what becomes of it when the server refuses."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from devstack.ports import free_port
from halosync.contracts.connection import ConnectionLost
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Role
from halosync.runtime.notice_mail import SmtpMailer, smtp_url
from halosync.runtime.webhook_sender import HttpWebhookSender
from halosync.store.outbox import emit
from report_api.webhooks.delivering import NoticeDelivery

if TYPE_CHECKING:
    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

ACME = "acme-msp"


class Sink:
    """Keeps what it gets; `refuses` everything while that is set."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.refuses = False
        vars(self)["handle_DATA"] = self.take  # as the library calls it

    async def take(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        """Take a message."""
        if self.refuses:
            return "451 come again later"
        message = message_from_bytes(cast("bytes", envelope.original_content), policy=policy.default)
        self.got.append(message)
        return "250 taken"


@pytest.fixture
def sink() -> Iterator[tuple[Sink, str]]:
    """A mail server and its address."""
    handler = Sink()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


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
    lost = ConnectionLost(
        partner_id=ACME, tenant="acme", reason="invalid_grant", problem="Halo ended it.", lost_at=datetime.now(UTC)
    )

    async def happens() -> None:
        async with world.pool.acquire() as connection, connection.transaction():
            await emit(connection, lost)
        await work.spread()
        await work.mail()

    server.refuses = True
    await happens()
    assert server.got == []
    server.refuses = False
    await world.ports.people.remove(ACME, "bill@acme.example", by=COMMAND_LINE)
    await world.pool.execute("UPDATE notice_delivery SET due_at = clock_timestamp()")
    await work.mail()
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


@pytest.mark.parametrize(
    "url", ["", "http://mail.example", "smtp://", "smtp://mail.example/path", "smtp://mail.example:x"]
)
def test_what_is_no_mail_server_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="smtps"):
        smtp_url(url)
    with pytest.raises(ValueError, match="smtps") as refused:
        smtp_url("ftp://user:geheim@mail.example")
    assert "geheim" not in str(refused.value)
