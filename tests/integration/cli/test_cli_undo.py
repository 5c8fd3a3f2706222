"""`halosync run undo`."""

from uuid import UUID, uuid4

import pytest
from halosync.store.pool import Pool

from .conftest import Run
from .test_cli_runs import add_items, start

pytestmark = pytest.mark.integration


async def changed(command: Run, pool: Pool) -> UUID:
    """Return a run that has ended and has changed a licence."""
    run_id = await start(command)
    await add_items(pool, run_id, pending=1)
    await pool.execute("UPDATE item SET outcome = 'synced', action_state = 'applied', halo_licence_id = 5")
    await pool.execute("UPDATE run SET state = 'succeeded', finished_at = now() WHERE run_id = $1", run_id)
    return run_id


async def test_a_run_is_undone_after_a_preview(command: Run, acme: str, pool: Pool) -> None:
    run_id = await changed(command, pool)
    preview = (await command("run", "undo", run_id, "--preview", "--json")).json()["run_id"]
    await pool.execute("UPDATE run SET state = 'previewed', finished_at = now() WHERE run_id = $1", UUID(preview))
    told = await command("run", "undo", run_id, "--approve-removals", 1, "--accept-shrunk-read")
    assert told.exit_code == 0, told.stderr
    rows = await pool.fetch(
        "SELECT partner_id, mode, undoes, approve_removals, accept_shrunk_read, requested_by FROM run"
        " WHERE undoes IS NOT NULL ORDER BY created_at"
    )
    assert [tuple(row) for row in rows] == [
        (acme, "undo_preview", run_id, None, False, "operator"),
        (acme, "undo", run_id, 1, True, "operator"),
    ]
    acts = "SELECT act, subject FROM audit_entry WHERE act LIKE 'undo%' ORDER BY at"
    assert [row["act"] for row in await pool.fetch(acts)] == ["undo_preview.started", "undo.started"]
    undo = await pool.fetchval("SELECT run_id FROM run WHERE mode = 'undo'")
    assert str(undo) in told.stdout
    shown = (await command("run", "show", undo, "--json")).json()
    assert (shown["mode"], shown["undoes"]) == ("undo", str(run_id))


async def test_what_stands_in_the_way_of_an_undo_is_told(command: Run, acme: str, pool: Pool) -> None:
    async def refusal(run_id: UUID) -> str:
        done = await command("run", "undo", run_id)
        assert (done.exit_code, done.stdout) == (1, "")
        return str(done.stderr)

    assert acme
    assert "no such run" in (await refusal(uuid4())).lower()
    run_id = await start(command)
    assert f"halosync run watch {run_id}" in await refusal(run_id)
    await pool.execute("UPDATE run SET state = 'succeeded', finished_at = now()")
    assert "changed nothing" in await refusal(run_id)
    again = await changed(command, pool)
    await pool.execute("UPDATE connection SET tenant = 'another'")
    assert "another Halo" in await refusal(again)
    await pool.execute("UPDATE connection SET state = 'broken'")
    assert "not connected" in await refusal(again)
