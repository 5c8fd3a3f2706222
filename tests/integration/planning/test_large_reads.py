"""Statements about a read do not compare each row with each: Postgres knows nothing yet of what was just read."""

from uuid import UUID

import pytest
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES

from tests.integration.statement_plans import compared, looked_at_in_vain, visited

from .real_stage import RealStage
from .stages import PARTNER, TENANT

pytestmark = pytest.mark.new_database

READ, ROWS, CLIENTS = UUID(int=7), 1_000, 50
"""Compared each with each the rows would be a million."""

MANY = 5_000
"""Partners, and lines of others: with few of either Postgres may go through all of them."""


async def as_known(pool: Pool) -> None:
    """Store a snapshot and a read of the same licences; statistics are of the moment before the read."""
    await RealStage(pool).set_up()
    await pool.execute(
        "INSERT INTO halo_snapshot (partner_id, tenant, read_at) VALUES ($1, $2, now())", PARTNER, TENANT
    )
    client = "SELECT $1, n, 'Client', false FROM generate_series(1, $2) AS n"
    licence = "SELECT $1, n, n % $3 + 1, 'P-' || n, true FROM generate_series(1, $2) AS n"
    read = licence.replace("true", "true, false")
    columns = "halo_licence_id, halo_client_id, name, is_active"
    await pool.execute(
        f"INSERT INTO halo_client (partner_id, halo_client_id, name, inactive) {client}", PARTNER, CLIENTS
    )
    await pool.execute(f"INSERT INTO halo_licence (partner_id, {columns}) {licence}", PARTNER, ROWS, CLIENTS)
    await pool.execute("ANALYZE halo_client, halo_licence, halo_read_client, halo_read_licence")
    await QUERIES.begin_read(pool, read_id=READ, partner_id=PARTNER, tenant=TENANT)
    await pool.execute(
        f"INSERT INTO halo_read_client (read_id, halo_client_id, name, inactive) {client}", READ, CLIENTS
    )
    await pool.execute(f"INSERT INTO halo_read_licence (read_id, {columns}, deleted) {read}", READ, ROWS, CLIENTS)


async def test_a_read_is_not_compared_with_every_known_row(pool: Pool) -> None:
    await as_known(pool)
    assert await compared(pool, QUERIES.compare_with_snapshot.sql, PARTNER, READ, TENANT) < ROWS * 5
    found = await QUERIES.compare_with_snapshot(pool, read_id=READ, partner_id=PARTNER, tenant=TENANT)
    assert (found["known"], found["missing"], found["observed"], found["emptied"]) == (ROWS, 0, ROWS, 0)


async def test_what_is_known_of_a_licence_is_found_by_its_key(pool: Pool) -> None:
    await as_known(pool)
    await pool.execute("UPDATE halo_licence SET owned = true")
    assert await compared(pool, QUERIES.licence_history.sql, TENANT, READ, PARTNER) < ROWS * 5
    # All of them are missing since the last read.
    await pool.execute("INSERT INTO missing_licence SELECT * FROM halo_licence")
    await pool.execute("DELETE FROM halo_licence")
    assert await compared(pool, QUERIES.licence_history.sql, TENANT, READ, PARTNER) < ROWS * 5
    assert await compared(pool, QUERIES.remember_before.sql, PARTNER, READ) < ROWS * 5


async def test_licences_of_other_halos_are_not_asked_one_by_one_whose_they_are(pool: Pool) -> None:
    await as_known(pool)
    await pool.execute("UPDATE halo_licence SET owned = true")
    async with pool.acquire() as connection, connection.transaction():
        assert await looked_at_in_vain(connection, QUERIES.written_by_others.sql, "another", "elsewhere") < CLIENTS
        assert await visited(connection, QUERIES.written_by_others.sql, "another", "elsewhere") < CLIENTS
    others = QUERIES.written_by_others(pool, partner_id="another", tenant=TENANT)
    assert len([row async for row in others]) == ROWS


async def test_who_else_has_a_halo_is_not_asked_of_every_partner(pool: Pool) -> None:
    await as_known(pool)
    await pool.execute(
        "INSERT INTO partner (partner_id, name) SELECT 'p' || n, n FROM generate_series(1, $1) AS n", MANY
    )
    await pool.execute(
        "INSERT INTO halo_snapshot (partner_id, tenant, read_at) SELECT 'p' || n, 't' || n, now()"
        " FROM generate_series(1, $1) AS n",
        MANY,
    )
    await pool.execute("INSERT INTO halo_alias VALUES ('p.example', $1), ('q.example', 't1')", TENANT)
    await pool.execute("UPDATE halo_snapshot SET tenant = 'p.example' WHERE partner_id = 'p2'")
    await pool.execute("ANALYZE halo_snapshot")
    of_all: dict[str, list[object]] = {"written_by_others": [PARTNER, TENANT], "plan_standing": [TENANT, READ, PARTNER]}
    for name, arguments in of_all.items():
        async with pool.acquire() as connection, connection.transaction():
            assert await looked_at_in_vain(connection, getattr(QUERIES, name).sql, *arguments) < MANY / 2, name
    names = await pool.fetchval("SELECT halo_names($1)", TENANT)
    assert sorted(names) == sorted(["p.example", TENANT])
    assert await pool.fetchval("SELECT halo_names('p.example')") == names
    assert await pool.fetchval("SELECT halo_names('t3')") == ["t3"]
    standing = await QUERIES.plan_standing(pool, partner_id=PARTNER, tenant=TENANT, run_id=READ)
    assert standing["is_shared"]


async def test_a_run_does_not_go_through_the_lines_of_other_invoices(pool: Pool) -> None:
    stage = RealStage(pool)
    await stage.set_up()
    run_id = await stage.start()
    await pool.execute(
        """INSERT INTO invoice (partner_id, invoice_id, revision, event_id, period, currency, issued_at, line_count,
            total) SELECT $1, 'OLD-' || n, 1, gen_random_uuid(), '2025-01', 'AUD', now(), 0, 0
        FROM generate_series(1, 50) AS n""",
        PARTNER,
    )
    await pool.execute(
        """INSERT INTO invoice_line SELECT invoice_pk, n, n, 'C', 'Customer', 'P', '', 'recurring', 1, 1, 'Monthly'
        FROM invoice, generate_series(1, $1) AS n WHERE period = '2025-01'""",
        MANY // 50,
    )
    statement = QUERIES.lines_of.sql
    async with pool.acquire() as connection, connection.transaction():
        assert await visited(connection, statement, stage.invoice_pk, run_id) < MANY / 2
    async with pool.acquire() as connection, connection.transaction():
        assert await connection.fetch("SELECT FROM recurring_lines($1)", run_id)
        gone_through = "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'invoice_line'"
        assert await connection.fetchval(gone_through) == 0


async def test_what_is_as_it_was_is_not_written_again(pool: Pool) -> None:
    await as_known(pool)
    await pool.execute("UPDATE halo_read_licence SET quantity = 2 WHERE halo_licence_id = 1")
    await pool.execute("UPDATE halo_licence SET removed_at = now() WHERE halo_licence_id = 2")  # it is back
    await pool.execute("UPDATE halo_read_client SET name = 'Another' WHERE halo_client_id = 3")
    where = (
        "SELECT halo_licence_id AS id, ctid FROM halo_licence UNION ALL SELECT -halo_client_id, ctid FROM halo_client"
    )
    before = {row["id"]: row["ctid"] for row in await pool.fetch(where)}
    for query in (QUERIES.replace_clients, QUERIES.replace_licences):
        await query(pool, read_id=READ, partner_id=PARTNER)
    after = {row["id"]: row["ctid"] for row in await pool.fetch(where)}
    assert {number for number, place in after.items() if place != before[number]} == {1, 2, -3}
    [row] = await pool.fetch("SELECT quantity, removed_at FROM halo_licence WHERE halo_licence_id = 1")
    assert tuple(row) == (2, None)
    assert await pool.fetchval("SELECT removed_at FROM halo_licence WHERE halo_licence_id = 2") is None


@pytest.mark.parametrize("name", ["replace_clients", "replace_licences"])
async def test_a_snapshot_is_replaced_row_by_row(pool: Pool, name: str) -> None:
    await as_known(pool)
    assert await compared(pool, getattr(QUERIES, name).sql, PARTNER, READ) < ROWS * 5
