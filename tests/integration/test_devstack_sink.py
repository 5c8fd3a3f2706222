"""The sink of a local stack: webhooks and e-mail that arrive are kept and shown, whatever they are."""

from collections import deque
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from devstack.options import StackOptions
from devstack.sink import EMAIL, Sink, notice_sink
from devstack.up import Given, options_from_environment, with_sink
from halosync.domain.notices import NoticeType
from halosync.ports.notices import DueMail, ToldNotice
from halosync.runtime.notice_mail import SmtpMailer

pytestmark = pytest.mark.integration


def test_what_arrives_is_shown_escaped_the_newest_first() -> None:
    with notice_sink() as sink, httpx.Client(trust_env=False) as client:
        assert "Nothing has arrived yet" in client.get(sink.url).text
        client.post(sink.url, json={"type": "run.finished", "data": "<b>"}, headers={"webhook-id": "7"})
        assert client.post(sink.url, content=b"no JSON").status_code == 204
        assert [(one.notice_id, one.type) for one in sink.arrived] == [("", ""), ("7", "run.finished")]
        page = client.get(sink.url).text
        assert page.index("no JSON") < page.index("run.finished")
        assert "&lt;b&gt;" in page
    with pytest.raises(httpx.ConnectError):
        httpx.get(sink.url, trust_env=False)


async def test_an_email_that_arrives_is_shown_with_whom_it_is_for() -> None:
    happened = datetime(2026, 11, 5, 2, 0, tzinfo=UTC)
    data = {"tenant": "acme", "problem": "Halo <ended> it."}
    notice = ToldNotice(uuid4(), "acme-msp", NoticeType.CONNECTION_LOST, data, happened)
    due = DueMail(uuid4(), notice, 1, happened, "anna@acme.example", "Acme", is_wanted=True)
    with notice_sink() as sink:
        mailer = SmtpMailer(sink.smtp_url, "halosync <halosync@localhost>", "https://converge.example")
        assert (await mailer.send(due)).problem is None
        [arrived] = sink.arrived
        assert (arrived.type, arrived.told["To"]) == (EMAIL, "anna@acme.example")
        assert str(due.delivery_id) in arrived.notice_id
        assert "Halo <ended> it." in arrived.told["text"]
        async with httpx.AsyncClient(trust_env=False) as client:
            assert "Halo &lt;ended&gt; it." in (await client.get(sink.url)).text


def test_the_sink_is_told_unless_a_person_says_otherwise() -> None:
    allow, smtp, sender = (f"HALOSYNC_{name}" for name in ("WEBHOOK_ALLOW_PRIVATE", "SMTP_URL", "MAIL_FROM"))
    sink = Sink(1, 2, deque())
    told = with_sink(StackOptions(), sink).environment
    assert (told[allow], told[smtp]) == ("true", "smtp://127.0.0.1:2")
    assert told[sender]
    own = with_sink(StackOptions(environment={allow: "false", smtp: "smtp://mail.example"}), sink).environment
    assert own == {allow: "false", smtp: "smtp://mail.example"}
    given = options_from_environment(Given(smtp_url="smtp://mail.example"), {}, writers=1)
    assert with_sink(given, sink).environment[smtp] == "smtp://mail.example"
