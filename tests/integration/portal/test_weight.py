"""What pages weigh: a page of 200 rows of an ordinary partner is under 100 kB, though it is not compressed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

MOST_BYTES = 100_000
CUSTOMERS, PRODUCTS = 50, 5
FAILED: Mapping[str, Any] = {
    "outcome": "failed",
    "action": "update",
    "reason": "halo_rejected",
    "detail": "Halo refused this: the count is too large. Correct it in Halo.",
}
HELD: Mapping[str, Any] = {
    "outcome": "held",
    "action": "delete",
    "reason": "delete_guard",
    "detail": "This run would remove 250 of 900 licences, more than 25 %. Look at them, then approve or leave them.",
}
BEFORE, AFTER = ("12", "31.50", "Monthly", True), ("14", "31.75", "Monthly", True)


async def stored(world: "World", as_ended: Mapping[str, Any]) -> str:
    """Store an invoice of 250 lines and a run in which all of them end alike; return the run's id."""
    lines, items = [], []
    for number in range(CUSTOMERS * PRODUCTS):
        customer, product = divmod(number, PRODUCTS)
        names: dict[str, Any] = {"customer_name": f"Ferguson & Partner {customer} Pty Ltd"}
        code = f"MS-365-BUSINESS-{product}"
        lines.append(
            world.line(
                number + 1,
                customer_id=f"C-{10_000 + customer}",
                product_code=code,
                product_name="Microsoft 365 Business Premium",
                **names,
            )
        )
        columns = {**names, "customer_ids": [f"C-{10_000 + customer}"], "halo_client_id": 500 + customer}
        columns |= {"product_code": code, "licence_name": code, "halo_licence_id": 40_000 + number}
        after = None if as_ended["action"] == "delete" else AFTER
        items.append(world.item(before=BEFORE, after=after, line_nos=[number + 1], **columns, **as_ended))
    run_id = await world.run(await world.invoice("INV-2026-11-0042", lines), items)
    await world.finish(run_id, "partial")
    return str(run_id)


@pytest.mark.parametrize("as_ended", [FAILED, HELD], ids=["failed", "held"])
async def test_a_page_of_200_rows_is_under_100_kb(
    world: "World", browser: "Browser", as_ended: Mapping[str, Any]
) -> None:
    run_id = await stored(world, as_ended)
    await browser.sign_in()
    pages = ["report?rows=200", "report?rows=200&status=attention", "month?rows=200", f"runs/{run_id}?rows=200"]
    pages += [f"month?rows=200&reason={as_ended['reason']}", "customers", "licences", "customers/unmatched"]
    if as_ended is HELD:
        pages += [f"runs/{run_id}/held?rows=200", f"runs/{run_id}/removals"]
    weights = {}
    for each in pages:
        page = await browser.open(f"/portal/acme-msp/{each}")
        weights[each.replace(run_id, "RUN")] = len(page.response.content)
        if "rows=200" in each:
            shown = len(page.soup.select("tbody th[scope=row]"))
            assert shown >= (CUSTOMERS if each.startswith("month") else 200), each
    assert max(weights.values()) < MOST_BYTES, weights
