"""`halosync doctor`, `status`, `partner show|pause|resume`, `connection show`, `run show|cancel`."""

import asyncio
import threading
from uuid import uuid4

import pytest
from halosync.cli import audit
from halosync.store.pool import Pool
from halosync.version import VERSION

from tests.integration.cli.conftest import Run

pytestmark = pytest.mark.integration


async def verdicts(command: Run) -> dict[str, str]:
    """What doctor found, by check; the worst of several."""
    found: dict[str, str] = {}
    for finding in (await command("doctor", "--json")).json():
        if found.get(finding["check"]) != "wrong":
            found[finding["check"]] = finding["verdict"]
    return found


async def test_the_version_is_told(lonely: Run) -> None:
    assert (await lonely("--version")).stdout == f"halosync {VERSION}\n"


async def test_doctor_tells_what_is_wrong_and_what_to_do(command: Run, acme: str, pool: Pool) -> None:
    done = await command("doctor")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Nothing is wrong." in done.stdout
    assert set((await verdicts(command)).values()) == {"ok", "note"}, "without a broker's address it is not looked at"
    await pool.execute(
        "INSERT INTO dead_letter (queue, message_type, reason, body, body_hash) VALUES ('q', 't', 'no', 'b', 'h')"
    )
    await command("run", "start", "--partner", acme)
    await pool.execute("UPDATE run SET redeliver_at = now() - interval '1 hour'")
    await pool.execute("UPDATE outbox SET created_at = now() - interval '1 hour'")
    await pool.execute("UPDATE connection SET state = 'broken'")
    found = await verdicts(command)
    assert {check for check, verdict in found.items() if verdict == "wrong"} == {"dead letters", "runs", "outbox"}
    assert found["connections"] == "note"
    done = await command("doctor")
    assert done.exit_code == 1
    assert "halosync dead-letters list" in done.stdout
    await pool.execute("UPDATE migration SET sha256 = 'of another' WHERE name = 'schema'")
    done = await command("doctor")
    assert (done.exit_code, "run `halosync migrate`" in done.stdout) == (1, True)


async def test_doctor_looks_at_the_broker(publishing: Run) -> None:
    found = await verdicts(publishing)
    assert (found["rabbitmq"], found["rights"], found["topology"]) == ("ok", "note", "wrong"), "nothing is declared yet"


async def test_doctor_tells_of_servers_that_are_away(lonely: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALOSYNC_DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/x")
    done = await lonely("doctor")
    assert done.exit_code == 2, "a setting that is not there is told as everywhere"


async def test_status_counts(command: Run, acme: str) -> None:
    await command("run", "start", "--partner", acme)
    figures = (await command("status", "--json")).json()
    assert (figures["partners"], figures["connected"], figures["open_runs"], figures["outbox"]) == (1, 1, 1, 1)
    assert "open runs" in (await command("status")).stdout


async def test_a_paused_partner_starts_no_run(command: Run, acme: str) -> None:
    assert (await command("partner", "pause", acme, "--json")).json()["changed"]
    assert not (await command("partner", "pause", acme, "--json")).json()["changed"]
    refused = await command("run", "start", "--partner", acme)
    assert refused.exit_code == 1
    assert f"halosync partner resume {acme}" in refused.stderr
    assert (await command("partner", "show", acme, "--json")).json()["paused_at"]
    await command("partner", "resume", acme)
    assert (await command("run", "start", "--partner", acme)).exit_code == 0
    assert (await command("partner", "pause", "nobody")).exit_code == 1


async def test_a_partner_and_its_connection_are_shown(command: Run, acme: str) -> None:
    await command("run", "start", "--partner", acme)
    shown = (await command("partner", "show", acme, "--json")).json()
    assert (shown["connection"]["state"], shown["invoice"]["invoice_id"], shown["run"]["state"]) == (
        "connected",
        "INV-1",
        "queued",
    )
    assert shown["settings"]["removal"] == "delete"
    assert "settings.delete_guard.max_count" in (await command("partner", "show", acme)).stdout
    assert (await command("connection", "show", acme, "--json")).json()["tenant"] == "acme"
    assert "connected" in (await command("connection", "show", acme)).stdout
    for what in ("partner", "connection"):
        assert "there is no partner" in (await command(what, "show", "nobody")).stderr


async def test_an_audit_reads_halo_again_and_tells_what_is_odd(
    command: Run, acme: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "LOOK_S", 0.01)
    await pool.execute("INSERT INTO halo_snapshot VALUES ('acme', 'acme', now() - interval '1 day')")
    await pool.execute(
        """INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, quantity, is_active, owned,
                                     wrote_name, wrote_quantity, wrote_active, wrote_price_field)
           SELECT 'acme', id, 1, name, 3, true, true, name, wrote, true, 'none'
           FROM (VALUES (5, 'A', 3), (6, 'B', 2), (7, 'b', 3), (8, 'gone', 3),
                        (9, 'far', 3)) AS v (id, name, wrote)"""
    )

    async def planner() -> None:
        while not await pool.fetchval("SELECT count(*) FROM halo_refresh"):
            await asyncio.to_thread(threading.Event().wait, 0.01)
        await pool.execute("DELETE FROM halo_licence WHERE halo_licence_id = 8")
        await pool.execute("UPDATE halo_licence SET halo_client_id = 2 WHERE halo_licence_id = 9")
        await pool.execute("UPDATE halo_snapshot SET read_at = now()")

    reading = asyncio.create_task(planner())
    done = await command("audit", acme, "--wait", 30, "--json")
    reading.cancel()
    assert done.stderr == ""
    found = done.json()
    assert (done.exit_code, found["clean"]) == (1, False)
    assert [licence["id"] for licence, _ in found["drifted"]] == [6]
    assert [[licence["id"] for licence in twins] for twins in found["duplicates"]] == [[6, 7]]
    assert [licence["id"] for licence in found["missing"]] == [8]
    assert [(licence["id"], licence["client_id"]) for licence in found["moved"]] == [(9, 2)]
    assert (await command("audit", "nobody")).exit_code == 1


async def test_a_run_is_started_for_the_partner_behind_the_command_or_by_option(command: Run, acme: str) -> None:
    assert (await command("run", "start", acme)).exit_code == 0
    refused = await command("run", "start", acme, "--partner", acme)
    assert refused.exit_code == 1, "the same, named twice, and its run goes on"
    for names in ((), (acme, "--partner", "beta")):
        wrong = await command("run", "start", *names)
        assert wrong.exit_code == 2
        assert "halosync partner list shows the ids" in " ".join(wrong.stderr.replace("│", " ").split())


async def test_a_run_is_shown_and_cancelled(command: Run, acme: str) -> None:
    run_id = (await command("run", "start", "--partner", acme, "--json")).json()["run_id"]
    assert (await command("run", "show", run_id, "--json")).json()["state"] == "queued"
    assert (await command("run", "cancel", run_id, "--json")).json() == {"run_id": run_id, "cancelled": True}
    assert f"Run {run_id} has ended already." in (await command("run", "cancel", run_id)).stdout
    assert ": cancelled." in (await command("run", "show", run_id)).stdout
    other = (await command("run", "start", "--partner", acme, "--json")).json()["run_id"]
    assert (await command("run", "cancel", "--all", "--json")).json() == {"cancelled": [other]}
    assert (await command("run", "show", other, "--json")).json()["state"] == "cancelled"
    assert (await command("run", "cancel", "--all")).stdout == "0 runs are cancelled.\n"
    assert [(await command("run", "cancel", *words)).exit_code for words in ((), (other, "--all"))] == [2, 2]
    for what in ("show", "cancel"):
        refused = await command("run", what, uuid4())
        assert (refused.exit_code, "There is no such run" in refused.stderr) == (1, True)


async def test_a_check_of_a_halo_that_is_none_is_refused_before_anything_is_asked(lonely: Run) -> None:
    refused = await lonely("halo", "check", "--tenant", "evil.example", "--client-id", "c", "--json")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "evil.example" in refused.stderr
