"""A process that cannot reach its servers ends with one sentence: which server, why, which setting."""

from urllib.parse import urlsplit

import pytest
from devstack.postgres import PostgresServer
from faststream.rabbit import RabbitBroker
from halosync.messaging.connection import connect_options
from halosync.runtime import process
from halosync.runtime.settings import ProcessSettings
from halosync.runtime.unreachable import UnreachableError, reaching, unreachable
from halosync.store.pool import open_pool
from structlog.testing import capture_logs

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("scheme", "login", "vhost", "why"),
    [
        ("amqp", "guest:guest", "no-such-host", "it has no such virtual host, or closes it to this user"),
        ("amqp", "guest:s3cret", "%2F", "ACCESS_REFUSED"),
        ("amqps", "guest:s3cret", "%2F", "that port speaks no TLS"),
    ],
)
async def test_what_rabbitmq_refuses_is_told(amqp_url: str, scheme: str, login: str, vhost: str, why: str) -> None:
    place = urlsplit(amqp_url).netloc.rpartition("@")[2]
    url = f"{scheme}://{login}@{place}/{vhost}"
    broker = RabbitBroker(**connect_options(url), logger=None)
    with pytest.raises(UnreachableError) as refused, reaching("RabbitMQ", "HALOSYNC_AMQP_URL", url):
        await broker.connect()
    told = str(refused.value)
    assert told.startswith(f"cannot reach RabbitMQ at {place}/{vhost}: {why}")
    assert told.endswith("is it running, and is HALOSYNC_AMQP_URL right?")
    assert "s3cret" not in told


async def test_a_database_that_is_not_there_is_told(postgres_server: PostgresServer) -> None:
    url = postgres_server.url_of("no_such_database")
    gone = pytest.raises(UnreachableError, match='"no_such_database" does not exist; is it running, and is')
    with gone, reaching("Postgres", "HALOSYNC_DATABASE_URL", url):
        await open_pool(url, application="test")


def test_an_unknown_authority_is_told_with_the_way_out() -> None:
    error = OSError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate")
    told = unreachable("RabbitMQ", "HALOSYNC_AMQP_URL", "amqps://u:s3cret@h:5671/", error)
    assert "self-signed certificate; ?cafile=FILE in the address names the authority to trust" in told


def test_no_failure_tells_the_password() -> None:
    told = unreachable("Postgres", "X", "postgresql://u:s3%40cret@h/d", ValueError("no host in u:s3@cret@h, s3%40cret"))
    assert "s3@cret" not in told
    assert "s3%40cret" not in told


def test_the_process_ends_with_the_sentence_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_: object) -> None:
        raise UnreachableError("cannot reach RabbitMQ at h")

    monkeypatch.setattr(process, "_live", refused)
    monkeypatch.setattr(process, "configure_logging", lambda *_: None)
    settings = ProcessSettings(database_url="postgresql://h/d", amqp_url="amqp://h")
    with capture_logs() as logs, pytest.raises(SystemExit) as ended:
        process.run("planner", settings, lambda _: process.Composition())
    assert ended.value.code == 1
    assert [line for line in logs if line["event"] == "cannot start"] == [
        {"event": "cannot start", "why": "cannot reach RabbitMQ at h", "log_level": "critical"}
    ]
