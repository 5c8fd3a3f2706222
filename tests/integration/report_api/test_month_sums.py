"""Billed = in Halo + what the reasons say, for every month that there can be."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from devstack.fields import Fields
from halosync.store.partners import PartnerStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.integration.conftest import World
from .month_licences import licence

pytestmark = pytest.mark.integration


CENT = Decimal("0.01")
CUSTOMERS = ("C-1", "C-2", "C-3")
CYCLES = ("Monthly", "monthly ", "Annual")


AMOUNTS = st.decimals(min_value=0, max_value=200, places=3)
STATES = st.tuples(st.integers(0, 40), AMOUNTS, st.sampled_from(CYCLES), st.booleans())
LINES = st.tuples(st.sampled_from(CUSTOMERS), st.integers(0, 3), st.integers(0, 40), AMOUNTS, st.sampled_from(CYCLES))
OUTCOMES = st.sampled_from(["pending", "failed", "held", "skipped"])


@given(
    lines=st.lists(LINES, max_size=12),
    things=st.lists(st.tuples(OUTCOMES, st.none() | STATES), min_size=13, max_size=13),
    cleanups=st.lists(STATES, max_size=2),
    shared=st.booleans(),
    clients=st.sampled_from([(7, 7, 7), (7, 7, 9), (7, 8, None)]),
    planned=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_billed_is_in_halo_and_what_the_reasons_say(
    world: "World",
    *,
    lines: Sequence[tuple[str, int, int, Decimal, str]],
    things: Sequence[tuple[str, Any]],
    cleanups: Sequence[Any],
    shared: bool,
    clients: Sequence[int | None],
    planned: bool,
) -> None:
    partner = f"p-{uuid4()}"
    await PartnerStore(world.pool).add(partner, "A partner")
    rows = [
        world.line(n, customer_id=c, product_code=f"P-{p}", quantity=Decimal(q), unit_price=price, billing_cycle=cycle)
        for n, (c, p, q, price, cycle) in enumerate(lines, 1)
    ]
    invoice_pk = await world.invoice(lines=rows, partner=partner)
    groups: Mapping[tuple[str, ...], list[int]] = defaultdict(list)
    for number, (customer, product, *_) in enumerate(lines, 1):
        groups[("all" if shared else customer, str(product))].append(number)
    items, holds = [], []
    for licence_id, (numbers, (outcome, state)) in enumerate(zip(groups.values(), things, strict=False), 100):
        customers = sorted({lines[number - 1][0] for number in numbers})
        known = licence_id if state else None
        code = f"P-{lines[numbers[0] - 1][1]}"
        items.append(
            world.item(
                outcome=outcome,
                reason="a_reason",
                customer_ids=customers,
                halo_client_id=clients[CUSTOMERS.index(customers[0])],
                product_code=code,
                line_nos=numbers,
                halo_licence_id=known,
            )
        )
        holds += [(licence_id, state)] if state else []
    for licence_id, state in enumerate(cleanups, 500):
        items.append(
            world.item(
                outcome="held",
                action="delete",
                reason="delete_guard",
                customer_ids=[],
                halo_client_id=licence_id % 3 + 7,
                product_code=None,
                halo_licence_id=licence_id,
            )
        )
        holds.append((licence_id, state))
    for licence_id, (held, price, cycle, active) in holds:
        await licence(
            world,
            licence_id,
            partner=partner,
            quantity=Decimal(held),
            price=price,
            billing_cycle=cycle,
            is_active=active,
        )
    if planned and items:
        await world.finish(await world.run(invoice_pk, items, partner=partner), "partial")
    month = await world.get("/months/2026-11", partner=partner, key=None)

    billed = sum((cents(Decimal(q) * price) for _, _, q, price, _ in lines), Decimal(0))
    in_halo = sum((cents(Decimal(s[0]) * s[1]) for _, s in holds if s[3]), Decimal(0)) if planned else Decimal(0)
    assert total(month["totals"], "billed") == total(month["customers"], "billed") == billed
    assert total(month["totals"], "in_halo") == total(month["customers"], "in_halo") == in_halo
    assert billed == in_halo + total(month["reasons"], "amount")
    for each in month["totals"]:
        assert Decimal(each["billed"]) == Decimal(each["in_halo"]) + Decimal(each["explained"])
        assert Decimal(each["unexplained"]) == 0
    for each in month["customers"]:
        assert Decimal(each["difference"]) == total(each["reasons"], "amount")
    rows_shown = await shown_rows(world, partner)
    assert total(rows_shown, "difference") == billed - in_halo
    things_now = len(items) if planned and items else len({(c, p) for c, p, *_ in lines})
    assert len({row["item_key"] for row in rows_shown}) == things_now
    assert sum(each["count"] for each in month["reasons"]) == things_now
    for customer in {row["customer_id"] for row in rows_shown}:
        own = await world.get(f"/months/2026-11/items?customer_id={customer}&limit=500", partner=partner, key=None)
        assert own["items"] == [row for row in rows_shown if row["customer_id"] == customer]


async def shown_rows(world: "World", partner: str) -> list[Fields]:
    """Return every row of the month, read in small pages."""
    rows: list[Fields] = []
    cursor = None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = await world.get("/months/2026-11/items", partner=partner, key=None, params=params)
        rows += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows


def cents(amount: Decimal) -> Decimal:
    """Round half up, as the invoice's total takes it."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def total(rows: Sequence[Fields], name: str) -> Decimal:
    """Sum one column."""
    return sum((Decimal(row[name]) for row in rows), Decimal(0))
