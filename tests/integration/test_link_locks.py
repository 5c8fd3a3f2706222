"""Links are changed one after the other, and never while the partner switches to another Halo; on real Postgres.

Each test holds the first change open, lets the second begin, and looks at what is stored when both are through.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from halosync.domain.plan import CustomerLink
from halosync.ports.connections import ConnectAttempt, NewTokens
from halosync.ports.links import Changed, LinkChange, ProductLink, WhyRefused
from halosync.store.connections import ConnectionStore
from halosync.store.links import CustomerLinks
from halosync.store.pool import Connection, Pool

from tests.integration.audit.stage import BY, PARTNER, Stage

pytestmark = pytest.mark.integration

NONE = CustomerLink()
CLIENT = 7
"""The client that `Stage` has in Halo."""


@asynccontextmanager
async def open_transaction(pool: Pool) -> AsyncIterator[Any]:
    async with pool.acquire() as connection, connection.transaction():
        yield connection


async def prepared(pool: Pool) -> Stage:
    stage = Stage(pool)
    await stage.set_up()
    return stage


async def until_it_waits(pool: Pool, second: "asyncio.Future[Any]") -> None:
    """Return when the second change waits for the lock; or when it went through without one, which the test sees."""
    for _ in range(200):
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        if second.done() or await pool.fetchval(waits):
            return
        await asyncio.sleep(0.01)


async def link(pool: Pool, connection: Connection, change: LinkChange[CustomerLink]) -> Changed[CustomerLink]:
    links = CustomerLinks(pool)
    return await links.change_in(connection, PARTNER, [change], by=BY, names={}, together=False)


async def switch(stage: Stage) -> None:
    attempt: ConnectAttempt = await stage.attempt("other")
    async with ConnectionStore(stage.pool).lock(PARTNER) as held:
        assert held is not None
        await held.establish(attempt, NewTokens(b"a", b"r", 3600), ["all"], names=["other"], by=BY)


async def links(pool: Pool) -> dict[str, CustomerLink]:
    return dict((await CustomerLinks(pool).picture(PARTNER)).links)


async def test_a_link_that_is_being_made_does_not_survive_a_switch_to_another_halo(pool: Pool) -> None:
    stage = await prepared(pool)
    async with open_transaction(pool) as connection:
        changed = await link(pool, connection, LinkChange("C-1", NONE, CustomerLink(CLIENT)))
        switching = asyncio.ensure_future(switch(stage))
        await until_it_waits(pool, switching)
    await switching
    assert changed.made
    assert await pool.fetchval("SELECT tenant FROM connection WHERE partner_id = $1", PARTNER) == "other"
    assert (await links(pool)).get("C-1", NONE) == NONE


async def test_a_link_that_waits_for_a_switch_is_refused(pool: Pool) -> None:
    stage = await prepared(pool)
    attempt = await stage.attempt("other")
    async with ConnectionStore(pool).lock(PARTNER) as held:
        assert held is not None
        await held.establish(attempt, NewTokens(b"a", b"r", 3600), ["all"], names=["other"], by=BY)
        change = LinkChange("C-1", NONE, CustomerLink(CLIENT))
        linking = asyncio.ensure_future(stage.customer_links.change(PARTNER, [change], by=BY, names={}, together=False))
        await until_it_waits(pool, linking)
    assert [each.why for each in (await linking).refused] == [WhyRefused.NOT_IN_HALO]
    assert await links(pool) == {}


async def test_of_two_changes_of_a_customer_the_second_sees_the_first(pool: Pool) -> None:
    stage = await prepared(pool)
    async with open_transaction(pool) as connection:
        await link(pool, connection, LinkChange("C-1", NONE, CustomerLink(CLIENT)))
        excluded = LinkChange("C-1", NONE, CustomerLink(None, excluded=True))
        second = stage.customer_links.change(PARTNER, [excluded], by=BY, names={}, together=False)
        waiting = asyncio.ensure_future(second)
        await until_it_waits(pool, waiting)
    assert [each.why for each in (await waiting).refused] == [WhyRefused.CHANGED_MEANWHILE]
    assert await links(pool) == {"C-1": CustomerLink(CLIENT)}


async def test_of_two_changes_of_a_product_the_second_sees_the_first(pool: Pool) -> None:
    stage = await prepared(pool)
    async with open_transaction(pool) as connection:
        first: list[LinkChange[ProductLink]] = [LinkChange("P", None, "One")]
        await stage.product_links.change_in(connection, PARTNER, first, by=BY, names={}, together=False)
        late: list[LinkChange[ProductLink]] = [LinkChange("P", None, "Two")]
        second = stage.product_links.change(PARTNER, late, by=BY, names={}, together=False)
        waiting = asyncio.ensure_future(second)
        await until_it_waits(pool, waiting)
    assert [each.why for each in (await waiting).refused] == [WhyRefused.CHANGED_MEANWHILE]
    assert dict((await stage.product_links.picture(PARTNER)).links) == {"P": "One"}
