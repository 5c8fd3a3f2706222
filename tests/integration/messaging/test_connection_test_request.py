"""The test of a connection over RabbitMQ: the planner answers, whatever comes, and keeps nothing."""

from types import SimpleNamespace
from typing import Any, cast

import planner.app
from faststream.rabbit import RabbitBroker
from halosync.contracts.connection import ConnectionTested, RequestRefused, TestConnection
from halosync.messaging.connection import connect_options
from halosync.messaging.publisher import Publisher
from halosync.messaging.requests import Requests
from halosync.messaging.topology import CONNECTION_TEST, DEAD_LETTERS
from halosync.ports.requests import Refusal

from .conftest import Outside

TESTED = ConnectionTested.model_validate(
    {
        "partner_id": "acme-msp",
        "tenant": "acme",
        "clients": 2,
        "licences": 25,
        "checked_at": "2026-11-05T02:00:00Z",
        "took_ms": 40,
    }
)
BROKEN = RequestRefused(code="connection_broken", detail="Press Connect.", partner_id="rival-msp")


async def answered(request: TestConnection) -> ConnectionTested:
    match request.partner_id:
        case "acme-msp":
            return TESTED
        case "rival-msp":
            raise Refusal(BROKEN)
        case _:
            raise RuntimeError("unforeseen")


async def test_every_request_is_answered_and_none_kept(topology: str, publisher: Publisher, outside: Outside) -> None:
    asking, answering = (RabbitBroker(**connect_options(topology), logger=None) for _ in range(2))
    use_cases = SimpleNamespace(connection_test=SimpleNamespace(test=answered))
    planner.app.build(answering, publisher, planner=cast("Any", use_cases), owed_runs=cast("Any", None))
    async with asking, answering:
        requests = Requests(asking, publisher)
        await asking.start()
        await answering.start()
        replies = [await requests.ask(TestConnection(partner_id=name)) for name in ("acme-msp", "rival-msp", "other")]
        assert replies[:2] == [TESTED, BROKEN]
        assert isinstance(replies[2], RequestRefused)
        assert replies[2].code == "halo_unavailable"
        await outside.send(b"not json", CONNECTION_TEST.name)
        assert await requests.ask(TestConnection(partner_id="acme-msp")) == TESTED
    assert [await outside.depth(queue.name) for queue in (CONNECTION_TEST, DEAD_LETTERS)] == [0, 0]
