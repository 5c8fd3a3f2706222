"""What operators are told of the rows: figures, stuck runs, and each invariant once broken on purpose."""

from collections import Counter
from uuid import UUID

import pytest
from halosync.store.operations import INVARIANTS, OperationsStore
from halosync.store.partners import PartnerStore
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES

pytestmark = pytest.mark.integration

_ITEM = """
INSERT INTO item (run_id, seq, customer_ids, customer_name, action, outcome, line_nos, action_state, batch_id)
VALUES ($1, 1, '{C-1}', 'Contoso', 'create', 'pending', '{1}', 'sending', $2)
"""


@pytest.fixture
async def run_id(pool: Pool) -> UUID:
    """A run that writes, with one batch that a writer was asked to work on and one item in it."""
    await PartnerStore(pool).add("acme", "Acme")
    await pool.execute("INSERT INTO connection (partner_id, state, tenant) VALUES ('acme', 'connected', 'acme')")
    run_id: UUID = await pool.fetchval(
        """WITH i AS (INSERT INTO invoice (partner_id, invoice_id, revision, event_id, period, currency, issued_at,
                                           line_count, total)
                      VALUES ('acme', 'INV-1', 1, gen_random_uuid(), '2026-11', 'AUD', now(), 1, 10)
                      RETURNING invoice_pk)
           INSERT INTO run (partner_id, invoice_pk, tenant, mode, state, requested_by)
           SELECT 'acme', invoice_pk, 'acme', 'apply', 'writing', 'Ada' FROM i RETURNING run_id"""
    )
    batch = await pool.fetchval(
        """INSERT INTO batch (run_id, partner_id, tenant, kind, state, redeliver_at)
           VALUES ($1, 'acme', 'acme', 'write', 'issued', now() + interval '1 minute') RETURNING batch_id""",
        run_id,
    )
    await pool.execute(_ITEM, run_id, batch)
    return run_id


async def test_the_figures_count_what_there_is(pool: Pool, run_id: UUID) -> None:
    assert run_id
    figures = await OperationsStore(pool).figures()
    assert (figures.partners, figures.connected, figures.broken, figures.paused) == (1, 1, 0, 0)
    assert (figures.open_runs, figures.issued_batches, figures.planned_batches) == (1, 1, 0)
    assert figures.oldest_open_run_s >= 0


@pytest.mark.parametrize(
    "trouble",
    [
        "UPDATE run SET state = 'queued', redeliver_at = now() - interval '10 minutes'",
        "UPDATE batch SET redeliver_at = now() - interval '10 minutes'",
        "UPDATE batch SET state = 'done'",
    ],
    ids=["nobody plans it", "nobody writes it", "nothing is left to do"],
)
async def test_a_run_that_nobody_works_on_is_stuck(pool: Pool, run_id: UUID, trouble: str) -> None:
    store = OperationsStore(pool)
    assert await store.stuck_runs() == []
    await pool.execute(trouble)
    assert [run.run_id for run in await store.stuck_runs()] == [run_id]


BREAK = {
    "counters_equal_rows": "UPDATE run SET pending = 2, total = 2",
    "ended_runs_have_nothing_pending": "UPDATE run SET state = 'failed', finished_at = now()",
    "succeeded_is_true_of_every_item": """
        UPDATE run SET state = 'succeeded', finished_at = now(), failed = 1, total = total + 1""",
    "every_action_has_an_owner": "UPDATE batch SET state = 'done'",
    "no_licence_twice": """
        INSERT INTO item (run_id, seq, customer_ids, customer_name, action, outcome, line_nos, action_state,
                          halo_licence_id)
        SELECT run_id, seq, '{C-1}', 'Contoso', 'create', 'synced', '{1}', 'applied', 5
        FROM run, generate_series(2, 3) AS seq""",
    "no_permit_beyond_the_window": """
        INSERT INTO rate_tenant (tenant, requests, window_s) VALUES ('acme', 10, 300);
        INSERT INTO rate_lease (tenant, permits, requests, window_s, leased_at, leased_until, free_at)
        SELECT 'acme', 6, 10, 300, now(), now(), now() + interval '1 minute' FROM generate_series(1, 2)""",
}


@pytest.mark.parametrize("invariant", BREAK)
async def test_what_always_holds_is_told_once_it_does_not(pool: Pool, run_id: UUID, invariant: str) -> None:
    assert run_id
    store = OperationsStore(pool)
    assert await store.broken_invariants() == []
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = 'replica'")  # the triggers keep most of them
        await connection.execute(BREAK[invariant])
        if invariant == "no_licence_twice":
            await connection.execute("UPDATE run SET synced = 2, created = 2, total = 3")
    assert invariant in {broken.invariant for broken in await store.broken_invariants() or ()}


async def test_one_looks_at_the_invariants_at_a_time(pool: Pool) -> None:
    store = OperationsStore(pool)
    async with pool.acquire() as connection, connection.transaction():
        assert await QUERIES.look_alone(connection)
        assert await store.broken_invariants() is None
    assert await store.broken_invariants() == []


async def test_a_look_reads_a_bounded_number_of_items(pool: Pool, run_id: UUID) -> None:
    await pool.execute("UPDATE run SET state = 'failed', finished_at = now(), total = 200000, pending = 200000")
    for _ in range(2):
        other = await pool.fetchval(
            """INSERT INTO run (partner_id, invoice_pk, tenant, mode, state, requested_by, finished_at, total, pending)
               SELECT partner_id, invoice_pk, 'acme', 'apply', 'failed', 'Ada', now(), 200000, 200000 FROM run
               WHERE run_id = $1 RETURNING run_id""",
            run_id,
        )
        await pool.execute(_ITEM, other, None)
    broken = await OperationsStore(pool).broken_invariants() or ()
    found = Counter(each.invariant for each in broken)
    assert found["counters_equal_rows"] == 2, "the third would be beyond a quarter of a million"
    assert found["ended_runs_have_nothing_pending"] == 3, "that asks for no items"


@pytest.mark.usefixtures("run_id")
async def test_a_part_of_a_month_without_a_reason_is_told(pool: Pool) -> None:
    store = OperationsStore(pool)
    await pool.execute(
        """UPDATE item SET outcome = 'synced', action_state = 'applied', product_code = 'P', halo_licence_id = 5,
           after_quantity = 1, after_price = 10, after_billing_cycle = 'Monthly', after_active = true"""
    )
    await pool.execute(
        "INSERT INTO invoice_line SELECT invoice_pk, 1, 1, 'C-1', 'Contoso', 'P', 'P', 'recurring', 1, 10, 'Monthly'"
        " FROM invoice"
    )
    await pool.execute(
        "INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, quantity, price, billing_cycle,"
        " is_active) VALUES ('acme', 5, 1, 'P', 1, 10, 'Monthly', true)"
    )
    await pool.execute("UPDATE run SET state = 'succeeded', finished_at = now(), price_field = 'price'")
    assert await store.months_that_do_not_add_up() == []
    await pool.execute("UPDATE halo_licence SET price = 2")
    await pool.execute("UPDATE item SET after_price = 2")  # it was written so: a price that the invoice does not have
    [broken] = await store.months_that_do_not_add_up()
    assert (broken.invariant, broken.partner_id, broken.subject) == ("months_add_up", "acme", "2026-11")


async def test_every_invariant_is_broken_by_a_test(pool: Pool) -> None:
    text = await pool.fetchval("SELECT pg_get_viewdef('broken_invariant'::regclass)")
    assert {*BREAK, "months_add_up"} == set(INVARIANTS)
    assert [invariant for invariant in BREAK if f"'{invariant}'" not in text] == []
    assert text.count("AS invariant") + text.count("UNION ALL") >= len(BREAK)
