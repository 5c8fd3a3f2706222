"""How many statements a page takes: each is a round trip."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from devstack.fixtures import PoolOf
from halosync.domain.accounts import Account

from .report_pages import synchronised

if TYPE_CHECKING:
    from halosync.store.pool import Pool

    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

PAGES = {
    "report": 14,
    "month": 10,
    "customer/C-1": 17,
    "runs/{run}": 11,
    "history": 5,
    "audit": 3,
    "search?q=contoso": 6,
}
"""BEGIN and COMMIT counted. The session and what every page shows of the partner are one."""


@asynccontextmanager
async def recorded(pool: "Pool") -> AsyncIterator[list[str]]:
    """Give the statements that the connections of a pool execute from now on."""
    statements: list[str] = []

    def record(logged: Any) -> None:
        # A connection asks once what types there are.
        if "typeinfo" not in logged.query and "'jit'" not in logged.query:
            statements.append(" ".join(logged.query.split())[:80])

    async with AsyncExitStack() as borrowed:
        connections: list[Any] = [await borrowed.enter_async_context(pool.acquire()) for _ in range(pool.get_size())]
        for connection in connections:
            connection.add_query_logger(record)
    yield statements
    async with AsyncExitStack() as borrowed:
        for _ in connections:
            connection = await borrowed.enter_async_context(pool.acquire())
            connection.remove_query_logger(record)


async def test_pages_take_no_more_statements_than_they_need(
    world: "World", browser: "Browser", pool_of: PoolOf
) -> None:
    run_id = await synchronised(world)
    await browser.sign_in()
    addresses = {page: f"/portal/acme-msp/{page.format(run=run_id)}" for page in PAGES}
    for address in addresses.values():
        await browser.open(address)
    taken = {}
    async with recorded(await pool_of(Account.REPORT_API)) as statements:
        for page, address in addresses.items():
            statements.clear()
            await browser.open(address)
            taken[page] = len(statements)
            assert taken[page] <= PAGES[page], f"{page}: {statements}"
    assert taken == PAGES, "a page takes fewer by now: write down how many"
