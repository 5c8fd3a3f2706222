"""Pages find their rows where statistics are older than a large invoice, as they are in the minute after it came."""

from pathlib import Path
from typing import TYPE_CHECKING

import aiosql
import pytest
from devstack.fields import Fields
from halosync.store import queries
from halosync.store.queries import QUERIES

from tests.integration.conftest import ACME, RIVAL
from tests.integration.statement_plans import body_of, looked_at_in_vain, visited

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.conftest import World

pytestmark = [pytest.mark.integration, pytest.mark.new_database]

LINES, A_PAGE = 1_500, 100
_LOADED = aiosql.from_path(Path(queries.__file__).with_name("sql"), "asyncpg", mandatory_parameters=False)
"""It tells in which order a statement has its parameters."""


async def month(world: "World", partner: str, lines: int) -> "tuple[int, UUID]":
    """Store an invoice with its run; every fourth line is not recurring, and every tenth item is a clean-up."""
    made = [
        world.line(n, kind="recurring" if n % 4 else "credit", customer_id=f"C-{n % 50}") for n in range(1, lines + 1)
    ]
    invoice_pk = await world.invoice(f"INV-{partner}", made, partner=partner)
    items = [
        world.item(
            (n, "1", "Monthly", True),
            (n, "2", "Monthly", True),
            action="update",
            outcome="held" if n % 3 else "synced",
            customer_ids=[f"C-{n % 50}"] if n % 10 else [],
            product_code=f"P-{n}" if n % 10 else None,
            halo_client_id=n % 50,
            halo_licence_id=n,
            line_nos=[n] if n % 10 else [],
        )
        for n in range(1, lines + 1)
    ]
    return invoice_pk, await world.run(invoice_pk, items, partner=partner)


def arguments(name: str, values: Fields) -> list[object]:
    return [values[parameter] for parameter in _LOADED.driver_adapter.var_sorted[name]]


async def test_a_month_compares_no_line_with_every_other(world: "World") -> None:
    await month(world, RIVAL, 1)
    await world.pool.execute("ANALYZE")
    await month(world, ACME, LINES)
    async with world.pool.acquire() as connection:
        body = await body_of(world.pool, "month_rows", p_partner_id=ACME, p_period="2026-11", p_customers=None)
        assert await looked_at_in_vain(connection, body) < LINES * 10


async def test_the_month_of_one_customer_looks_at_its_own_rows_alone(world: "World") -> None:
    await month(world, ACME, LINES)
    await world.pool.execute("ANALYZE")
    of = {"p_partner_id": ACME, "p_period": "2026-11"}
    async with world.pool.acquire() as connection:
        whole, one = [
            await visited(connection, await body_of(world.pool, "month_rows", **of, p_customers=customers))
            for customers in (None, ["C-7"])
        ]
        assert one < whole / 5


async def test_a_page_of_a_file_reads_its_own_rows_alone(world: "World") -> None:
    """Without statistics Postgres prefers bitmaps, which read all that is behind the page."""
    await month(world, RIVAL, 1)
    await world.pool.execute("ANALYZE")
    invoice_pk, run_id = await month(world, ACME, LINES)
    nothing = dict.fromkeys(("outcome", "customer_id", "action", "pattern"))
    common: dict[str, object] = {"run_id": run_id, "most": A_PAGE, "told": [], "skip": 0, **nothing}
    lines = {**common, "invoice_pk": invoice_pk, "line_offset": 0, "line_no": A_PAGE, "upto": 2 * A_PAGE}
    items = {**common, "seq": A_PAGE, "upto": 2 * A_PAGE}
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_seqscan = off")
        for name, values in (("line_views", lines), ("item_views", items)):
            assert await visited(connection, getattr(QUERIES, name).sql, *arguments(name, values)) < A_PAGE * 15, name


async def test_sorted_items_are_found_by_key(world: "World") -> None:
    await month(world, RIVAL, 1)
    await world.pool.execute("ANALYZE")
    _, run_id = await month(world, ACME, LINES)
    nothing = dict.fromkeys(("outcome", "action", "pattern", "actions", "outcomes", "waits", "customer"))
    values = {"run_id": run_id, "sort": "quantity", "down": False, "grouped": True, "skip": 0, "most": 50, **nothing}
    async with world.pool.acquire() as connection:
        found = await visited(connection, QUERIES.sorted_items.sql, *arguments("sorted_items", values))
    assert found < LINES * 12
