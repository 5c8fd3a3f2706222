"""`halosync run`."""

import asyncio
from uuid import UUID, uuid4

import pytest
from halosync.store.pool import Pool

from tests.integration.cli.conftest import Run

pytestmark = pytest.mark.integration


async def add_items(pool: Pool, run_id: UUID, **outcomes: int) -> None:
    seq = 0
    for outcome, number in outcomes.items():
        for _ in range(number):
            await pool.execute(
                """INSERT INTO item (run_id, seq, customer_ids, customer_name, action, outcome, line_nos, action_state)
                   VALUES ($1, $2, '{C-1}', 'Contoso', $4, $3, '{1}', $5)""",
                run_id,
                (seq := seq + 1),
                outcome,
                "unchanged" if outcome == "synced" else "create",
                "waiting" if outcome == "pending" else "none",
            )


async def start(command: Run, *options: object) -> UUID:
    return UUID((await command("run", "start", "--partner", "acme", "--json", *options)).json()["run_id"])


async def test_a_run_is_started_as_asked(command: Run, acme: str, pool: Pool) -> None:
    run_id = await start(
        command, "--invoice", "INV-1", "--mode", "preview", "--approve-removals", 7, "--accept-shrunk-read"
    )
    row = await pool.fetchrow("SELECT * FROM run WHERE run_id = $1", run_id)
    assert row is not None
    asked = (row["partner_id"], row["mode"], row["approve_removals"], row["accept_shrunk_read"], row["requested_by"])
    assert asked == (acme, "preview", 7, True, "operator")
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE message_type = 'run.requested.v1'") == 1


async def test_what_stands_in_the_way_of_a_run_is_told(command: Run, acme: str, pool: Pool) -> None:
    async def refusal(*options: str) -> str:
        done = await command("run", "start", "--partner", *options)
        assert (done.exit_code, done.stdout) == (1, "")
        return str(done.stderr)

    assert "there is no partner 'nobody'" in await refusal("nobody")
    assert "There is no such invoice" in await refusal(acme, "--invoice", "INV-2")
    run_id = await start(command)
    assert f"halosync run watch {run_id}" in await refusal(acme)
    await pool.execute("UPDATE run SET state = 'failed'")
    await pool.execute("UPDATE invoice SET line_count = 0")
    assert "no lines" in await refusal(acme)
    await pool.execute("UPDATE connection SET state = 'broken'")
    assert "not connected" in await refusal(acme)
    await pool.execute("DELETE FROM run")
    await pool.execute("DELETE FROM invoice")
    assert "none was loaded yet. An invoice of acme comes with" in await refusal(acme)


async def test_watch_follows_a_run_to_its_end(command: Run, acme: str, pool: Pool) -> None:
    assert acme
    run_id = await start(command)
    watching = asyncio.ensure_future(command("run", "watch", run_id, "--json"))
    await add_items(pool, run_id, synced=2, pending=1)
    await pool.execute("UPDATE item SET outcome = 'synced', action_state = 'applied' WHERE outcome = 'pending'")
    await pool.execute("UPDATE run SET state = 'succeeded', finished_at = now() WHERE run_id = $1", run_id)
    done = await watching
    assert done.exit_code == 0
    final = done.json()
    assert (final["run_id"], final["state"], final["invoice_id"]) == (str(run_id), "succeeded", "INV-1")
    assert {name: count for name, count in final["counters"].items() if count} == {
        "total": 3,
        "synced": 3,
        "created": 1,
        "unchanged": 2,
    }


@pytest.mark.parametrize(
    ("state", "exit_code"), [("previewed", 0), ("succeeded", 0), ("partial", 1), ("failed", 1), ("cancelled", 1)]
)
async def test_the_exit_code_tells_how_a_run_ended(
    command: Run, acme: str, pool: Pool, state: str, exit_code: int
) -> None:
    assert acme
    run_id = await start(command)
    await add_items(pool, run_id, held=1)
    await pool.execute("UPDATE run SET state = $1, error = 'Halo says no.' WHERE run_id = $2", state, run_id)
    done = await command("run", "watch", run_id)
    assert done.exit_code == exit_code
    assert f": {state}." in done.stdout
    assert "1 held" in done.stdout
    assert "Halo says no." in done.stdout


async def test_a_run_that_does_not_exist_is_told(command: Run) -> None:
    done = await command("run", "watch", uuid4(), "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "There is no such run" in done.stderr


async def test_runs_are_listed_newest_first(command: Run, acme: str, pool: Pool) -> None:
    assert "No runs yet" in (await command("run", "list")).stdout
    first = await start(command)
    await pool.execute("UPDATE run SET state = 'failed'")
    second = await start(command, "--mode", "preview")
    listed = (await command("run", "list", "--partner", acme, "--json")).json()
    assert [(run["run_id"], run["state"], run["mode"]) for run in listed] == [
        (str(second), "queued", "preview"),
        (str(first), "failed", "apply"),
    ]
    assert len((await command("run", "list", "--limit", 1, "--json")).json()) == 1
    assert str(first) in (await command("run", "list")).stdout
    assert (await command("run", "list", "--partner", "nobody")).exit_code == 1


async def left(pool: Pool, run_id: UUID, state: str, **outcomes: int) -> None:
    """End a run in a state, with so many items of each outcome."""
    await add_items(pool, run_id, **outcomes)
    await pool.execute("UPDATE run SET state = $1, finished_at = now() WHERE run_id = $2", state, run_id)


@pytest.mark.parametrize(
    ("state", "outcomes"),
    [
        ("failed", {}),
        ("failed", {"synced": 2, "failed": 1}),
        ("cancelled", {"skipped": 3}),
        ("partial", {"failed": 1, "held": 2}),
    ],
)
async def test_what_a_run_left_is_retried_by_a_new_run_of_the_same_invoice(
    command: Run, acme: str, pool: Pool, state: str, outcomes: dict[str, int]
) -> None:
    first = await start(command)
    await left(pool, first, state, **outcomes)
    second = UUID((await command("run", "retry", first, "--json")).json()["run_id"])
    row = await pool.fetchrow("SELECT * FROM run JOIN invoice USING (invoice_pk) WHERE run_id = $1", second)
    assert row is not None
    assert (row["partner_id"], row["invoice_id"], row["mode"], row["state"]) == (acme, "INV-1", "apply", "queued")
    assert (row["requested_by"], row["approve_removals"], row["accept_shrunk_read"]) == ("operator", None, False)
    assert second != first
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE message_type = 'run.requested.v1'") == 2


async def test_an_approval_is_carried_over_as_far_as_it_was_not_used(command: Run, acme: str, pool: Pool) -> None:
    assert acme
    first = await start(command, "--approve-removals", 19, "--accept-shrunk-read")
    await left(pool, first, "failed", failed=9)
    await pool.execute("UPDATE run SET synced = 10, deleted = 10, total = total + 10 WHERE run_id = $1", first)
    second = (await command("run", "retry", first, "--json")).json()["run_id"]
    asked = "SELECT approve_removals, accept_shrunk_read FROM run WHERE run_id = $1"
    assert tuple(await pool.fetchrow(asked, UUID(second)) or ()) == (9, False)
    await left(pool, UUID(second), "failed")
    third = await command("run", "retry", second, "--approve-removals", 4, "--accept-shrunk-read", "--json")
    assert tuple(await pool.fetchrow(asked, UUID(third.json()["run_id"])) or ()) == (4, True)


async def test_a_retry_that_nobody_can_mean_is_refused_and_the_words_say_what_to_do(
    command: Run, acme: str, pool: Pool
) -> None:
    async def refusal(run_id: UUID, *options: object) -> str:
        done = await command("run", "retry", run_id, *options)
        assert (done.exit_code, done.stdout) == (1, "")
        return str(done.stderr)

    assert "There is no such run" in await refusal(uuid4())
    preview = await start(command, "--mode", "preview")
    assert f"run watch {preview}" in await refusal(preview)
    await left(pool, preview, "previewed")
    assert "A preview writes nothing" in await refusal(preview)

    held = await start(command)
    await left(pool, held, "partial", held=12, synced=1)
    assert f"run retry {held} --approve-removals 12" in await refusal(held)
    released = UUID((await command("run", "retry", held, "--approve-removals", 12, "--json")).json()["run_id"])
    assert f"run watch {released}" in await refusal(held, "--approve-removals", 12)
    await left(pool, released, "succeeded", synced=13)
    assert "nothing is left" in await refusal(released)
    assert f"It is run {released}" in await refusal(held, "--approve-removals", 12)

    failed = await start(command)
    await left(pool, failed, "failed")
    await pool.execute("UPDATE connection SET state = 'broken'")
    assert (
        "Halo is not connected. Press Connect in the portal and log in to Halo. The administrator of acme"
        in await refusal(failed)
    )
    await add_invoice(pool, "INV-1", 2)
    assert "Revision 2 of INV-1 is here" in await refusal(failed)
    await add_invoice(pool, "INV-2", 1)
    assert "was for INV-1, and INV-2 has come since" in await refusal(failed)
    await pool.execute("UPDATE invoice SET superseded_by = invoice_pk")
    assert "was superseded" in await refusal(failed)
    assert await pool.fetchval("SELECT count(*) FROM run WHERE partner_id = $1", acme) == 4


async def add_invoice(pool: Pool, invoice_id: str, revision: int) -> None:
    """Add an invoice; an older revision of it is superseded."""
    await pool.execute(
        """WITH newer AS (
               INSERT INTO invoice (partner_id, invoice_id, revision, event_id, period, currency, issued_at,
                                    line_count, total)
               VALUES ('acme', $1, $2, gen_random_uuid(), '2026-12', 'AUD', now(), 1, 378) RETURNING invoice_pk)
           UPDATE invoice SET superseded_by = newer.invoice_pk FROM newer WHERE invoice_id = $1""",
        invoice_id,
        revision,
    )


async def test_watch_says_how_what_is_left_is_done(command: Run, acme: str, pool: Pool) -> None:
    assert acme
    run_id = await start(command)
    await left(pool, run_id, "partial", failed=1)
    assert f"halosync run retry {run_id}" in (await command("run", "watch", run_id)).stdout
