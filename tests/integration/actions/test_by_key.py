"""Statements about an array find their rows by key: Postgres knows nothing yet of what a large plan has just stored."""

import pytest
from halosync.domain.model import Action
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES

from tests.integration.statement_plans import compared

from .real_stage import RealStage
from .stages import PARTNER, RUN_ID, TENANT, marked

pytestmark = pytest.mark.new_database

ROWS = 200
"""Of an array; compared each with each they would be 40,000."""

LINES = 2_000


@pytest.mark.parametrize("name", ["record_taken", "record_failed", "mark_unknown", "unmark"])
async def test_a_result_is_not_compared_with_every_item_that_is_being_sent(pool: Pool, name: str) -> None:
    """Statistics of a moment at which nothing was being sent say that what is being sent is one row."""
    stage = RealStage(pool)
    await stage.set_up()
    _, items = await stage.batch(*[Action.CREATE] * ROWS)
    await pool.execute("ANALYZE item")
    marks = await marked(stage, items)
    unset, no = [None] * ROWS, [False] * ROWS
    columns: dict[str, list[object]] = {
        "record_taken": [list(range(ROWS)), no, no, *[unset] * 7, PARTNER, "price", TENANT],
        "record_failed": [["halo_rejected"] * ROWS, ["No."] * ROWS],
        "mark_unknown": [],
        "unmark": [],
    }
    arguments = [list(marks), list(marks.values()), *columns[name]]
    if name == "mark_unknown":
        arguments = [None, None, 0.0, *arguments, unset]
    if name == "unmark":
        arguments = [0, *arguments]
    assert await compared(pool, getattr(QUERIES, name).sql, *arguments) < ROWS * 5


async def test_an_array_is_not_compared_with_every_line_of_the_invoice(pool: Pool) -> None:
    stage = RealStage(pool)
    await stage.set_up()
    invoice_pk = await pool.fetchval("SELECT invoice_pk FROM invoice")
    await pool.execute("UPDATE run SET details = true")
    line = "INSERT INTO invoice_line SELECT $1, n, n, 'C-1', 'Contoso', 'P', 'Product', 'recurring', 1, 1, 'Monthly'"
    await pool.execute(f"{line} FROM generate_series(1, 3) AS n", invoice_pk)
    await pool.execute("ANALYZE invoice_line, item")
    await pool.execute(f"{line} FROM generate_series(4, $2) AS n", invoice_pk, LINES)
    batch_id, _ = await stage.batch(*[Action.CREATE] * ROWS)
    await pool.execute("UPDATE item SET line_nos = ARRAY[seq] WHERE run_id = $1", RUN_ID)
    assert await compared(pool, QUERIES.open_actions.sql, batch_id) < ROWS * 5
    [first, *_] = await stage.store.open_actions(batch_id)
    assert first.new is not None
    assert (first.new.notes or "").endswith("Product\nInvoice INV-1")
