"""AMQP URLs as RabbitMQ documents them: carried out by the library as it says, or told in one sentence."""

from pathlib import Path

import pytest
from aiormq.connection import Connection
from faststream.rabbit.utils import build_url
from halosync.contracts.amqp_url import HEARTBEAT_S, MOST_HEARTBEAT_S, connect_url
from halosync.messaging.connection import connect_options, user_of


async def connection(url: str) -> Connection:
    """What the library makes of a URL after everything that hands it on; nothing is connected to."""
    return Connection(build_url(connect_options(url)["url"]))


@pytest.mark.parametrize(
    ("url", "vhost"),
    [
        ("amqp://u:p@h", "/"),
        ("amqp://u:p@h/", "/"),
        ("amqp://u:p@h/%2F", "/"),
        ("amqp://u:p@h/%2f", "/"),
        ("amqps://u:p@h/halosync", "halosync"),
        ("amqp://u:p@h/a%2Fb", "a/b"),
        ("amqp://u:p@h/caf%C3%A9%20%25", "café %"),
        ("AMQP://u:p@h/v?heartbeat=5", "v"),
    ],
)
async def test_the_virtual_host_is_the_one_that_is_meant(url: str, vhost: str) -> None:
    assert (await connection(url)).vhost == vhost


async def test_user_and_password_may_have_every_sign() -> None:
    url = "amqp://u%40x:p%2F%40%3A%25%23@[::1]:5673/"
    made = (await connection(url)).url
    assert (made.user, made.password, made.host, made.port) == ("u@x", "p/@:%#", "::1", 5673)
    assert user_of(url) == "u@x"


@pytest.mark.parametrize(
    ("url", "port"),
    [("amqp://h", 5672), ("amqps://h", 5671), ("amqps://h:1234/", 1234), ("amqp://h?name=planner", 5672)],
)
async def test_the_usual_port_is_taken_where_none_is_given(url: str, port: int) -> None:
    assert (await connection(url)).url.port == port


@pytest.mark.parametrize(
    ("query", "seconds"),
    [("", HEARTBEAT_S), ("?heartbeat=", HEARTBEAT_S), ("?heartbeat=1", 1), (f"?heartbeat={MOST_HEARTBEAT_S}", 60)],
)
async def test_a_dead_broker_is_always_noticed(query: str, seconds: int) -> None:
    assert (await connection(f"amqp://u:p@h/v{query}")).heartbeat_timeout == seconds


async def test_tls_trusts_the_authority_that_is_named_by_either_name(tmp_path: Path) -> None:
    for name in ("cafile", "cacertfile"):
        (tmp_path / name).write_text("")
        certificates = (await connection(f"amqps://u:p@h/?{name}={tmp_path / name}")).ssl_certs
        assert (certificates.cafile, certificates.verify) == (str(tmp_path / name), True)
    assert (await connection("amqps://u:p@h/")).ssl_certs.verify
    assert not (await connection("amqps://u:p@h/?no_verify_ssl=1")).ssl_certs.verify


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://u:s3cret@h/", "must begin with amqp:// or amqps://"),
        ("rabbitmq", "must begin with amqp:// or amqps://"),
        ("u:s3cret@h/", "must begin with amqp:// or amqps://"),
        ("amqp://", "names no host"),
        ("amqp:///v", "names no host"),
        ("amqp://u:s3cret@/v", "names no host"),
        ("amqp://u:s3cret@h1,h2:5672/", "names several hosts"),
        ("amqp://u:s3cret#x@h/", "write %23"),
        ("amqp://u:s3cret/x@h/", "%2F"),
        ("amqp://u:12/s3cret@h/", "%2F"),
        ("amqp://u:12?s3cret@h/", "%3F"),
        ("amqp://u:s3cret\u2100x@h/", "%40"),
        ("amqp://u:s3cret@h:x/", "a port"),
        ("amqp://u:s3cret@h:0/", "a port"),
        ("amqp://u:s3cret@h/?heartbeat=0", "from 1 to 60; without heartbeats nobody notices"),
        ("amqp://u:s3cret@h/?heartbeat=soon", "heartbeat is a whole number"),
        ("amqp://u:s3cret@h/?heartbeat=61", "heartbeat is a whole number"),
        ("amqp://u:s3cret@h/?timeout=1.5", "timeout is a whole number"),
        ("amqp://u:s3cret@h/?heart_beat=5", "the parameter heart_beat is not known; known are heartbeat, timeout"),
        ("amqps://u:s3cret@h/?verify=verify_none", "the parameter verify is not known"),
        ("amqp://u:s3cret@h/?connection_timeout=5000", "the parameter connection_timeout is not known"),
        ("amqps://u:s3cret@h/?auth=ldap", "auth must be plain or external"),
        ("amqps://u:s3cret@h/?no_verify_ssl=yes", "no_verify_ssl must be 0 or 1"),
        (
            "amqps://u:s3cret@h/?cafile=/nowhere/ca.pem",
            "the file /nowhere/ca.pem of cafile cannot be read: No such file",
        ),
        ("amqp://u:s3cret@h/?cacertfile=/ca.pem", "cafile is for TLS; begin with amqps://"),
    ],
)
def test_what_cannot_be_is_told_without_the_password(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as error:
        connect_url(url)
    assert "s3cret" not in str(error.value)
