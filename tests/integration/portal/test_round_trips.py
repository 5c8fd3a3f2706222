"""How many statements a page takes: each is a round trip."""

from typing import TYPE_CHECKING

import pytest
from devstack.fixtures import PoolOf
from halosync.domain.accounts import Account

from tests.integration.sent_statements import sent_over

from .report_pages import synchronised

if TYPE_CHECKING:
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


async def test_pages_take_no_more_statements_than_they_need(
    world: "World", browser: "Browser", pool_of: PoolOf
) -> None:
    run_id = await synchronised(world)
    await browser.sign_in()
    addresses = {page: f"/portal/acme-msp/{page.format(run=run_id)}" for page in PAGES}
    for address in addresses.values():
        await browser.open(address)
    taken = {}
    async with sent_over(await pool_of(Account.REPORT_API)) as sent:
        for page, address in addresses.items():
            sent.clear()
            await browser.open(address)
            # A connection asks once what types there are.
            statements = [each for each in sent if "typeinfo" not in each and "'jit'" not in each]
            taken[page] = len(statements)
            assert taken[page] <= PAGES[page], f"{page}: {[each[:80] for each in statements]}"
    assert taken == PAGES, "a page takes fewer by now: write down how many"
