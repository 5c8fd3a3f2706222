"""A month is summed again after every change of what it is made of, and not otherwise."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from halosync.domain.acts import COMMAND_LINE
from halosync.store.month_memory import MonthMemory
from halosync.store.months import MonthStore
from halosync.store.queries import QUERIES

from .month_licences import PARTNER, SYNCED, licence

if TYPE_CHECKING:
    from halosync.ports.months import Month, MonthItem

    from tests.integration.conftest import World

pytestmark = pytest.mark.integration

PERIOD = "2026-11"
NEVER_CHANGE = {"invoice_line", "item_line"}
"""They are stored with their invoice or their plan."""

ROWS = """INSERT INTO customer_link (partner_id, customer_id, halo_client_id) VALUES ('acme-msp', 'C-9', 9);
INSERT INTO month_choice (partner_id, period, invoices) VALUES ('acme-msp', '2026-11', 'newest');
INSERT INTO halo_snapshot (partner_id, tenant, read_at) VALUES ('acme-msp', 'acme', now());
INSERT INTO halo_alias (host, tenant) VALUES ('psa.example', 'acme');
INSERT INTO run_further_invoice (run_id, invoice_pk, line_offset) SELECT run_id, $1, 1 FROM run"""
A_COLUMN = """SELECT attname FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND attidentity = '' ORDER BY attnum LIMIT 1"""
TABLES_READ = """SELECT DISTINCT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = pg_backend_pid() AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"""


async def made(world: "World") -> int:
    """Store a month with a run, and a row in every table that a month is made of; return its invoice."""
    invoice_pk = await world.invoice(lines=[world.line(1)])
    await licence(world, 5)
    await world.finish(await world.run(invoice_pk, [world.item(**SYNCED, halo_licence_id=5, line_nos=[1])]))
    for statement in ROWS.replace("$1", str(invoice_pk)).split(";"):
        await world.pool.execute(statement)
    key = (await world.ports.months.items(PARTNER, PERIOD, most=1))[0].item_key
    await world.pool.execute(
        "INSERT INTO month_acceptance (partner_id, period, item_key, reason, note, accepted_by)"
        " VALUES ($1, $2, $3, 'rounding', 'small', 'somebody')",
        *(PARTNER, PERIOD, key),
    )
    return invoice_pk


async def looked_at(months: MonthStore) -> "Month":
    month = await months.month(PARTNER, PERIOD)
    assert month is not None
    return month


async def test_a_month_is_summed_again_after_a_change_of_any_row_that_it_is_made_of(world: "World") -> None:
    await made(world)
    of = {"partner_id": PARTNER, "period": PERIOD}
    async with world.pool.acquire() as connection, connection.transaction():
        for sums in (QUERIES.month_invoices, QUERIES.month_groups):
            _ = [row async for row in sums(connection, **of)]
        await QUERIES.month_changes(connection, **of)
        read = {row["relname"] for row in await connection.fetch(TABLES_READ)} - NEVER_CHANGE
    assert {"item", "halo_licence", "halo_alias", "month_acceptance"} <= read
    months = MonthStore(world.pool)
    for table in sorted(read | {"migration"}):
        before = (await looked_at(months)).reconciliation
        assert (await looked_at(months)).reconciliation is before, table
        column = await world.pool.fetchval(A_COLUMN, table)
        assert await world.pool.execute(f"UPDATE {table} SET {column} = {column}") != "UPDATE 0", table
        assert (await looked_at(months)).reconciliation is not before, table


async def test_rows_of_other_partners_change_no_month(world: "World") -> None:
    await made(world)
    months = MonthStore(world.pool)
    before = (await looked_at(months)).reconciliation
    other = await world.invoice("INV-2", [world.line(1)], partner="rival-msp")
    await world.finish(await world.run(other, [world.item(**SYNCED, line_nos=[1])], partner="rival-msp"))
    assert (await looked_at(months)).reconciliation is before


async def test_a_month_is_summed_each_time_while_a_run_of_its_partner_is_being_purged(world: "World") -> None:
    await made(world)
    months = MonthStore(world.pool)
    before = (await looked_at(months)).reconciliation
    purge_id = await world.pool.fetchval("INSERT INTO purge_left (run_id) SELECT run_id FROM run RETURNING purge_id")
    while_purged = [(await looked_at(months)).reconciliation for _ in range(2)]
    assert before is not while_purged[0] is not while_purged[1], "lines go before their items do"
    await world.pool.execute("DELETE FROM purge_left WHERE purge_id = $1", purge_id)
    assert (await looked_at(months)).reconciliation is before, "nothing has gone"


async def test_a_month_that_was_closed_says_so_at_once(world: "World") -> None:
    await made(world)
    months = MonthStore(world.pool)
    assert (await looked_at(months)).closing is None
    await months.close(PARTNER, PERIOD, seen=0, by=COMMAND_LINE)
    assert (await looked_at(months)).closing is not None


async def test_months_that_nobody_looks_at_are_forgotten_first(world: "World") -> None:
    await made(world)
    month = await looked_at(MonthStore(world.pool))
    memory = MonthMemory(most=2)
    memory.keep("a", PERIOD, "1", month)
    memory.keep("b", PERIOD, "1", month)
    assert memory.known("a", PERIOD, "1") is month
    memory.keep("c", PERIOD, "1", month)
    assert (memory.known("a", PERIOD, "1"), memory.known("b", PERIOD, "1")) == (month, None)
    assert memory.known("a", PERIOD, "2") is None
    memory.keep("a", PERIOD, "2", month)
    assert memory.known("c", PERIOD, "1") is month


async def test_a_month_of_too_many_customers_puts_no_other_away(world: "World") -> None:
    await made(world)
    small = await looked_at(MonthStore(world.pool))
    customers = small.reconciliation.customers
    large = replace(small, reconciliation=replace(small.reconciliation, customers=[*customers] * 3))
    memory = MonthMemory(most=2)
    memory.keep("a", PERIOD, "1", small)
    memory.keep("b", PERIOD, "1", large)
    assert (memory.known("a", PERIOD, "1"), memory.known("b", PERIOD, "1")) == (small, None)
    memory.keep("a", PERIOD, "2", large)
    assert memory.known("a", PERIOD, "1") is None, "what is no longer so is forgotten too"


async def test_the_rows_of_a_reason_are_summed_once_for_each_version(world: "World") -> None:
    await made(world)
    await world.pool.execute("UPDATE halo_licence SET quantity = 14")
    months, reason = MonthStore(world.pool), "edited_in_halo"
    await looked_at(months)

    async def row() -> "MonthItem":
        (found,) = await months.items(PARTNER, PERIOD, reason=reason, most=10)
        return found

    first = await row()
    assert first is await row()
    await months.accept(PARTNER, PERIOD, first.item_key, "Right.", by=COMMAND_LINE)
    await looked_at(months)
    assert (await row()).note == "Right."
    assert await row() is await row()


async def test_rows_that_would_put_their_month_away_are_not_kept(world: "World") -> None:
    await made(world)
    month = await looked_at(MonthStore(world.pool))
    rows = await world.ports.months.items(PARTNER, PERIOD, most=1)
    memory = MonthMemory(most=3)
    memory.keep("a", PERIOD, "1", month)
    memory.keep("b", PERIOD, "1", month)
    memory.keep_rows("b", PERIOD, "1", "x", [*rows] * 3)
    assert memory.rows("b", PERIOD, "1", "x") is None
    assert memory.has("a", PERIOD)
    memory.keep_rows("b", PERIOD, "1", "x", [*rows] * 2)
    assert memory.rows("b", PERIOD, "1", "x") == [*rows] * 2
    assert not memory.has("a", PERIOD), "the month that nobody has looked at for longest makes room"
    memory.keep_rows("a", PERIOD, "1", "x", rows)
    assert memory.rows("a", PERIOD, "1", "x") is None, "no rows without their month"
