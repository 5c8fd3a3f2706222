"""A request and its reply are worked on where they come in: a thread for each would cost as much as the work."""

from typing import Any

import anyio.to_thread
import pytest
from faststream.rabbit import RabbitBroker
from halosync.contracts.connection import TokenRequest
from halosync.messaging.connection import connect_options
from halosync.messaging.publisher import Publisher
from halosync.messaging.replies import answer_requests
from halosync.messaging.requests import Requests
from halosync.messaging.topology import TOKEN_REQUEST

from .test_requests import grant, granted


async def test_neither_who_asks_nor_who_answers_uses_a_thread(
    topology: str, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[object] = []

    async def inline(work: Any, *arguments: Any) -> Any:
        used.append(work)
        return work(*arguments)

    monkeypatch.setattr(anyio.to_thread, "run_sync", inline)
    asking, answering = (RabbitBroker(**connect_options(topology), logger=None) for _ in range(2))
    requests = Requests(asking, publisher)
    answer_requests(answering, publisher, TOKEN_REQUEST, TokenRequest, grant, at_once=1)
    await asking.start()
    await answering.start()
    assert await requests.ask(TokenRequest(partner_id="acme-msp")) == granted("acme-msp")
    assert used == []
    await asking.stop()
    await answering.stop()
