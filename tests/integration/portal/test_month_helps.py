"""What helps with a reason stays on the month page as long as one of its licences waits for nobody's word."""

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from devstack.fields import Fields

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

MONTH = "/portal/acme-msp/month"
HELP = "section[aria-labelledby=reasons-title] td:last-child"


async def test_what_helps_stays_until_all_of_a_reason_is_accepted(browser: "Browser", world: "World") -> None:
    await world.pool.execute(
        "INSERT INTO customer_link (partner_id, customer_id, excluded) VALUES ('acme-msp', 'C-1', true)"
    )
    excluded: Fields = {"outcome": "skipped", "action": "none", "reason": "customer_excluded"}
    lines = [world.line(number, unit_price=Decimal(100)) for number in (1, 2)]
    items = [world.item(**excluded, halo_client_id=None, product_code=f"P-{n}", line_nos=[n]) for n in (1, 2)]
    await world.finish(await world.run(await world.invoice(lines=lines), items), "partial")
    await browser.sign_in()
    page = await browser.open(f"{MONTH}?customer=C-1")
    assert page.texts(HELP) == ["Open Customers"]
    page = await browser.submit(f"{MONTH}/accept", note="We sell it ourselves.")
    assert page.texts(HELP) == ["Open Customers"], "the other one is still left out"
    page = await browser.submit(f"{MONTH}/accept", note="We sell it ourselves.")
    assert page.texts(HELP) == ["Accepted"]
