"""What pages weigh: a page of 200 rows of an ordinary partner is under 100 kB, though it is not compressed.

Of rows that a few customers share, and of one row a customer with a sentence of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from devstack.fields import Fields
from halosync.domain import item_sentences, write_sentences
from halosync.domain.model import Action, Drift
from halosync.store.item_traces import drift_as_json

if TYPE_CHECKING:
    from tests.integration.conftest import World
    from tests.integration.portal.conftest import Browser

pytestmark = pytest.mark.integration

MOST_BYTES = 100_000
ROWS = 250
FIRST_LINE = 19_001
"""Numbers are as long as those of the last lines of 20,000, and of the items of some months."""
BEFORE, AFTER = ("12", "31.50", "Monthly", True), ("14", "31.75", "Monthly", True)


def name_of(customer: int) -> str:
    return f"Ferguson & Partner {customer} Pty Ltd"


@dataclass(frozen=True)
class Ending:
    """How every item ends. `details`: its sentence, of the number of its customer."""

    outcome: str
    action: str
    reason: str
    customers: int = ROWS
    shared: str = ""

    def detail(self, number: int) -> str:
        """Return the sentence of an item."""
        match self.reason:
            case "halo_rejected" if not self.shared:
                return write_sentences.rejected(f"the count {number} is more than contract CN-{number} allows")
            case "edited_in_halo":
                return item_sentences.edited_in_halo(_drift(number), Action(self.action))
            case "customer_not_found":
                return item_sentences.customer_not_found([name_of(number)])
            case "negative_quantity":
                return item_sentences.negative_quantity([FIRST_LINE + number], [Decimal(-number)])
            case "managed_elsewhere":
                return item_sentences.managed_elsewhere([400_000 + number], "datto_id")
        return self.shared

    def columns(self, number: int) -> Fields:
        """Return the columns of an item."""
        made: Fields = {"outcome": self.outcome, "action": self.action, "reason": self.reason}
        made |= {"detail": self.detail(number), "before": BEFORE, "halo_licence_id": 400_000 + number}
        made["after"] = None if self.action == "delete" else AFTER
        made["drift"] = drift_as_json(_drift(number)) if self.reason == "edited_in_halo" else None
        if self.reason == "customer_not_found":
            made |= {"before": None, "after": None, "halo_licence_id": None}
        return made


def _drift(number: int) -> list[Drift]:
    return [Drift("quantity", "12", str(number)), Drift("price", "31.50", f"{number}.25")]


ENDINGS: Mapping[str, Sequence[Ending]] = {
    "failed": [Ending("failed", "update", "halo_rejected", 50, "Halo refused this: too large. Correct it in Halo.")],
    "held": [
        Ending("held", "delete", "delete_guard", 50, "This run would remove 250 of 900. Look at them, then decide.")
    ],
    "held, scattered": [
        Ending("held", "delete", "delete_guard", ROWS, "This run would remove 250 of 900. Look at them.")
    ],
    "failed, scattered": [Ending("failed", "update", "halo_rejected")],
    "edited, scattered": [Ending("held", "update", "edited_in_halo")],
    "removals of edited, scattered": [Ending("held", "delete", "edited_in_halo")],
    "without client, scattered": [Ending("skipped", "none", "customer_not_found")],
    "negative, scattered": [Ending("failed", "none", "negative_quantity")],
    "foreign, scattered": [Ending("skipped", "none", "managed_elsewhere")],
    "reasons of many kinds, scattered": [
        Ending("failed", "update", "halo_rejected"),
        Ending("held", "update", "edited_in_halo"),
        Ending("skipped", "none", "customer_not_found"),
        Ending("failed", "none", "negative_quantity"),
    ],
}


async def stored(world: "World", endings: Sequence[Ending]) -> str:
    """Store an invoice of 250 lines and a run in which they end so in turn; return the run's id."""
    lines, items = [], []
    for number in range(ROWS):
        ending = endings[number % len(endings)]
        customer = number * ending.customers // ROWS
        names: Fields = {"customer_name": name_of(customer)}
        code = f"MS-365-BUSINESS-{number % 5}"
        lines.append(
            world.line(
                FIRST_LINE + number,
                customer_id=f"C-{10_000 + customer}",
                product_code=code,
                product_name="Microsoft 365 Business Premium",
                **names,
            )
        )
        columns = {**names, "customer_ids": [f"C-{10_000 + customer}"], "halo_client_id": 500 + customer}
        columns |= {"product_code": code, "licence_name": code, "line_nos": [FIRST_LINE + number]}
        items.append(world.item(**columns, **ending.columns(number)))
    await world.pool.execute("SELECT setval(pg_get_serial_sequence('item', 'item_id'), 700000)")
    run_id = await world.run(await world.invoice("INV-2026-11-0042", lines), items)
    await world.finish(run_id, "partial")
    return str(run_id)


@pytest.mark.parametrize("endings", ENDINGS.values(), ids=ENDINGS)
async def test_a_page_of_200_rows_is_under_100_kb(
    world: "World", browser: "Browser", endings: Sequence[Ending]
) -> None:
    run_id, ending = await stored(world, endings), endings[0]
    await browser.sign_in()
    pages = ["report?rows=200", "report?rows=200&status=attention", "month?rows=200", f"runs/{run_id}?rows=200"]
    pages += [f"month?rows=200&reason={ending.reason}", "customers", "licences", "customers/unmatched"]
    if any(each.outcome == "held" for each in endings):
        pages += [f"runs/{run_id}/held?rows=200", f"runs/{run_id}/removals"]
    weights, shown = {}, {}
    for each in pages:
        page = await browser.open(f"/portal/acme-msp/{each}")
        weights[each.replace(run_id, "RUN")] = len(page.response.content)
        # Not all pages have so many rows to show: of some, few items are held, or few customers are in the month.
        is_long = "?rows=200" in each and "reason" not in each and page.soup.select(".pager")
        if is_long or each in {pages[0], pages[3]}:
            shown[each.replace(run_id, "RUN")] = len(page.soup.select("tbody th[scope=row]"))
    assert min(shown.values()) >= 200, shown
    assert max(weights.values()) < MOST_BYTES, weights
