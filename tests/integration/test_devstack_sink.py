"""The sink of webhooks of a local stack: what arrives is kept and shown, whatever it is."""

import httpx
import pytest
from devstack.options import StackOptions
from devstack.sink import webhook_sink
from devstack.up import with_sink

pytestmark = pytest.mark.integration


def test_what_arrives_is_shown_escaped_the_newest_first() -> None:
    with webhook_sink() as sink, httpx.Client(trust_env=False) as client:
        assert "Nothing has arrived yet" in client.get(sink.url).text
        client.post(sink.url, json={"type": "run.finished", "data": "<b>"}, headers={"webhook-id": "7"})
        assert client.post(sink.url, content=b"no JSON").status_code == 204
        assert [(one.notice_id, one.type) for one in sink.arrived] == [("", ""), ("7", "run.finished")]
        page = client.get(sink.url).text
        assert page.index("no JSON") < page.index("run.finished")
        assert "&lt;b&gt;" in page
    with pytest.raises(httpx.ConnectError):
        httpx.get(sink.url, trust_env=False)


def test_webhooks_to_this_machine_are_taken_unless_a_person_says_otherwise() -> None:
    allow = "HALOSYNC_WEBHOOK_ALLOW_PRIVATE"
    assert with_sink(StackOptions()).environment[allow] == "true"
    assert with_sink(StackOptions(environment={allow: "false"})).environment[allow] == "false"
