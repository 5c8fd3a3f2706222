"""Processes that are killed, stopped and scaled while a run goes on: nothing lost, nothing twice (spec section 5)."""

import asyncpg
import pytest
from devstack.rabbitmq import RabbitServer
from devstack.stack import Stack
from devstack.wait import until

from tests.partner import PATIENCE_S, Partner, lines, new_partner

pytestmark = pytest.mark.e2e

ITEMS = 400
SLOW = {"method": "POST", "path": "SoftwareLicence"}


async def run_in_the_middle(partner: Partner) -> str:
    """Start a run of 8 arrays, each slow, and return when some are written and some are not."""
    await partner.connect()
    await partner.publish(partner.event(lines(ITEMS)))
    await partner.halo.add_fault(partner.tenant, match=SLOW, times=None, delay_answer_s=0.5)
    run_id = await partner.start()

    async def half_way() -> bool:
        counters = (await partner.get(f"/runs/{run_id}"))["counters"]
        return bool(0 < counters["pending"] < ITEMS)

    await until(half_way, what="being in the middle of the run", timeout_s=PATIENCE_S)
    return run_id


async def all_written_once(partner: Partner, run_id: str) -> None:
    run = await partner.finished(run_id)
    assert (run["state"], run["counters"]["created"]) == ("succeeded", ITEMS)
    assert await partner.licences() == {(1, f"P-{n}"): n + 1 for n in range(ITEMS)}


async def test_a_killed_writer_loses_and_doubles_nothing(own_stack: Stack) -> None:
    async with new_partner(own_stack) as partner:
        run_id = await run_in_the_middle(partner)
        await own_stack.writers[0].process.kill()
        await all_written_once(partner, run_id)


async def test_a_writer_told_to_stop_finishes_what_it_sent_and_ends_in_time(own_stack: Stack) -> None:
    async with new_partner(own_stack) as partner:
        run_id = await run_in_the_middle(partner)
        assert await own_stack.writers[0].process.terminate(timeout_s=30)
        await own_stack.restart(own_stack.writers[1].name)
        await all_written_once(partner, run_id)
        attempts = {item["attempts"] for item in await partner.items(run_id)}
        assert attempts == {1}  # drained: nothing had to be looked up and sent again


async def test_auth_says_which_second_names_there_are_before_it_is_asked(own_stack: Stack) -> None:
    connection = await asyncpg.connect(own_stack.database_url)
    try:
        await connection.execute("UPDATE halo_alias SET host = 'no.longer.example'")
        await own_stack.restart("auth")
        assert await connection.fetchval("SELECT halo_of('psa.acme.example')") == "acme"
        assert await connection.fetchval("SELECT count(*) FROM halo_alias") == 1
    finally:
        await connection.close()


async def test_a_run_survives_its_planner_and_auth(own_stack: Stack) -> None:
    async with new_partner(own_stack) as partner:
        run_id = await run_in_the_middle(partner)
        for name in ("planner", "auth"):
            await own_stack.services[name].process.kill()
        for name in ("planner", "auth"):
            await own_stack.services[name].start()
        await all_written_once(partner, run_id)


async def test_a_restarted_broker_loses_nothing(own_stack: Stack, rabbit_server: RabbitServer) -> None:
    async with new_partner(own_stack) as partner:
        run_id = await run_in_the_middle(partner)
        await rabbit_server.close_all_connections()
        await all_written_once(partner, run_id)
