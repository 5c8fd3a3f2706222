"""Servers that go away under the real processes: it is noticed and told, and everything comes back by itself."""

import asyncio

import asyncpg
import httpx
import pytest
from devstack.fields import Fields
from devstack.postgres import PostgresServer
from devstack.rabbitmq import RabbitServer
from devstack.rabbitmq_node import RabbitNode
from devstack.service import STOP_TIMEOUT_S
from devstack.stack import Stack
from devstack.wait import until

from tests.partner import lines, new_partner

from .test_survival import ITEMS, all_written_once, run_in_the_middle

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NOTICED_S = 35.0
RECOVERED_S = 60.0


async def told(stack: Stack, path: str = "/readyz") -> dict[str, tuple[int, Fields]]:
    """What each process says of itself."""
    async with httpx.AsyncClient(timeout=5) as anybody:
        answers = await asyncio.gather(*(anybody.get(f"{s.health_url}{path}") for s in stack.services.values()))
    return {name: (a.status_code, a.json()) for name, a in zip(stack.services, answers, strict=True)}


async def all_say(stack: Stack, part: str | None, timeout_s: float) -> None:
    """Wait until every process says that this part does not work, or, without one, that all do."""

    async def so() -> bool:
        reports = await told(stack)
        if part is None:
            return all(status == 200 for status, _ in reports.values())
        return all(status == 503 and report[part] != "ok" for status, report in reports.values())

    await until(so, what=f"every process saying {part or 'ready'}", timeout_s=timeout_s)
    assert {status for status, _ in (await told(stack, "/healthz")).values()} == {200}, "a restart would not help"


async def dead_letters(stack: Stack) -> list[tuple[str, str]]:
    """Queue and reason of each message that nobody could process."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        letters = await connection.fetch("SELECT queue, reason FROM dead_letter")
        return [(letter["queue"], letter["reason"]) for letter in letters]
    finally:
        await connection.close()


async def test_postgres_may_go_away_and_come_back(own_stack: Stack, postgres_server: PostgresServer) -> None:
    async with new_partner(own_stack) as partner:
        run_id = await run_in_the_middle(partner)
        await postgres_server.kill()
        await all_say(own_stack, "postgres", NOTICED_S)
        await postgres_server.restart()
        await all_say(own_stack, None, RECOVERED_S)
        await all_written_once(partner, run_id)
        # Intake, relay and handlers are back too.
        await partner.halo.clear_faults(partner.tenant)
        await partner.publish(partner.event(lines(ITEMS), revision=2))
        assert (await partner.sync())["counters"]["unchanged"] == ITEMS
        assert await dead_letters(own_stack) == []


async def test_a_broker_that_takes_nothing_is_told_and_the_outbox_drains_after(
    own_stack: Stack, rabbit_server: RabbitServer
) -> None:
    async with new_partner(own_stack) as partner:
        run_id = await run_in_the_middle(partner)
        await rabbit_server.set_memory_watermark(0)
        try:
            await all_say(own_stack, "rabbitmq", NOTICED_S)
        finally:
            await rabbit_server.set_memory_watermark(0.4)
        await all_say(own_stack, None, RECOVERED_S)
        await all_written_once(partner, run_id)
        assert await dead_letters(own_stack) == []


async def test_a_killed_broker_may_come_back_and_everybody_consumes_again(
    own_stack: Stack, rabbit_server: RabbitServer
) -> None:
    async with new_partner(own_stack) as partner:
        run_id = await run_in_the_middle(partner)
        await rabbit_server.kill()
        await all_say(own_stack, "rabbitmq", NOTICED_S)
        await all_say(own_stack, "consumers", NOTICED_S)
        await rabbit_server.restart()
        await all_say(own_stack, None, RECOVERED_S)
        await all_written_once(partner, run_id)
        assert await dead_letters(own_stack) == []


async def test_under_a_frozen_broker_a_process_still_ends_in_time(
    own_stack: Stack, rabbit_server: RabbitServer
) -> None:
    own = rabbit_server._own
    if not isinstance(own, RabbitNode):
        pytest.skip("the server is not ours to freeze")
    async with new_partner(own_stack) as partner:
        run_id = await run_in_the_middle(partner)
        writer = own_stack.writers[0]
        async with own._server.paused():
            await all_say(own_stack, "rabbitmq", NOTICED_S)
            assert await writer.process.terminate(timeout_s=STOP_TIMEOUT_S)
        await writer.start()
        await all_say(own_stack, None, RECOVERED_S)
        await all_written_once(partner, run_id)
        assert await dead_letters(own_stack) == []
