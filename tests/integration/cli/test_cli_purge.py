"""`halosync purge` and `halosync partner remove`: asked twice, told, and kept in the audit log."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.roles import Principal, Role
from halosync.store.halo_aliases import HaloAliases
from halosync.store.keys import KeyStore
from halosync.store.people import PeopleStore
from halosync.store.pool import Pool
from halosync.store.retention import RetentionStore
from halosync.store.sessions import SessionStore

pytestmark = pytest.mark.integration
Run = Callable[..., Awaitable[Any]]

MADE = """
WITH i AS (INSERT INTO invoice (partner_id, invoice_id, revision, event_id, period, currency, issued_at, line_count,
                                total, received_at)
           VALUES ('acme', 'INV-0', 1, gen_random_uuid(), '2023-01', 'AUD', now(), 2, 2, '2023-01-05Z')
           RETURNING invoice_pk),
l AS (INSERT INTO invoice_line
      SELECT invoice_pk, n, n, 'C', 'Contoso', 'P', 'P', 'recurring', 1, 1, 'Monthly' FROM i, generate_series(1, 2) n),
r AS (INSERT INTO run (partner_id, invoice_pk, tenant, mode, state, requested_by, created_at, finished_at, removal)
      SELECT 'acme', invoice_pk, 'acme', 'apply', 'succeeded', 'Ada', '2023-01-05Z', '2023-01-05Z', 'delete' FROM i
      RETURNING run_id),
n AS (INSERT INTO run (partner_id, invoice_pk, tenant, mode, state, requested_by, finished_at, removal)
      SELECT 'acme', min(invoice_pk), 'acme', 'preview', 'previewed', 'Ada', now(), 'delete' FROM invoice)
SELECT run_id FROM r
"""
ITEM = """
INSERT INTO item (run_id, seq, customer_ids, customer_name, action, outcome, line_nos, action_state)
SELECT $1, n, '{C-1}', 'Contoso', 'create', 'synced', ARRAY[n], 'applied' FROM generate_series(1, 2) n
"""
READ = """
WITH r AS (INSERT INTO halo_read (read_id, partner_id, tenant) VALUES (gen_random_uuid(), 'acme', 'acme')
           RETURNING read_id),
c AS (INSERT INTO halo_read_client SELECT read_id, 1, 'Contoso', false FROM r)
INSERT INTO halo_read_licence (read_id, halo_licence_id, halo_client_id, name, is_active, deleted)
SELECT read_id, 5, 1, 'a licence', true, false FROM r
"""


@pytest.fixture
async def old(acme: str, pool: Pool) -> str:
    """A partner with an old month of two lines and two items, beside its newest invoice."""
    await pool.execute(ITEM, await pool.fetchval(MADE))
    return acme


async def count(pool: Pool, *tables: str) -> list[int]:
    return [await pool.fetchval(f"SELECT count(*) FROM {table}") for table in tables]


async def acts(pool: Pool) -> list[str]:
    return [row["act"] for row in await pool.fetch("SELECT act FROM audit_entry ORDER BY audit_id")]


@pytest.mark.usefixtures("old")
async def test_a_purge_asks_twice_and_says_what_went(command: Run, pool: Pool) -> None:
    for answer in ("n\n", "y\n12\n"):
        refused = await command("purge", "--older-than", "24", answer=answer)
        assert refused.exit_code == 1
        assert await count(pool, "item", "invoice_line") == [2, 2]
    assert "1 invoice and 1 run" in refused.stderr
    assert (await command("purge", "--older-than", "24", "--json")).exit_code == 2, "it cannot ask"
    assert await acts(pool) == []
    done = await command("purge", "--older-than", "24", answer="y\n24\n")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "Purged the details of 1 invoice and 1 run: 6 rows.")
    assert await count(pool, "item", "item_line", "invoice_line", "purge_left", "invoice", "run") == [0, 0, 0, 0, 2, 2]
    assert await acts(pool) == ["details.purged"]
    again = (await command("purge", "--older-than", "24", "--yes", "--json")).json()
    assert again == {"invoices": 0, "runs": 0, "rows": 0, "passed_over": []}
    shown = await command("purge", "--older-than", "0", "--yes")
    assert shown.exit_code == 2


async def test_a_partner_with_an_open_run_is_passed_over(old: str, command: Run, pool: Pool) -> None:
    await command("run", "start", "--partner", old)
    passed = await command("purge", "--older-than", "24", "--yes")
    assert (passed.exit_code, "passed over" in passed.stderr, old in passed.stderr) == (0, True, True)
    assert await count(pool, "item", "invoice_line") == [2, 2]
    unknown = await command("purge", "--older-than", "24", "--yes", "--partner", "nobody")
    assert (unknown.exit_code, "nobody" in unknown.stderr) == (1, True)


async def test_a_partner_is_removed_with_all_but_its_audit_log(old: str, command: Run, pool: Pool) -> None:
    await command("key", "create", "--partner", old)
    await pool.execute("INSERT INTO halo_snapshot VALUES ('acme', 'acme', now())")
    await pool.execute(READ)
    await pool.execute("INSERT INTO oauth_token VALUES ('acme', 1, '', '', now())")
    await pool.execute("INSERT INTO portal_session (token_hash, email, expires_at) VALUES ('x', 'a@b.example', now())")
    connected = await command("partner", "remove", old, "--yes")
    assert (connected.exit_code, "connection disconnect acme" in connected.stderr) == (1, True)
    await pool.execute("UPDATE connection SET state = 'disconnected'")
    for answer in ("n\n", "y\nother\n"):
        assert (await command("partner", "remove", old, answer=answer)).exit_code == 1
    assert await count(pool, "item", "partner") == [2, 1]
    removed = await command("partner", "remove", old, answer=f"y\n{old}\n")
    assert (removed.exit_code, removed.stdout.splitlines()[-1]) == (
        0,
        "Removed acme: 2 invoices and 2 runs, 6 rows of them.",
    )
    tables = (
        "partner",
        "invoice",
        "invoice_line",
        "run",
        "item",
        "item_line",
        "api_key",
        "oauth_token",
        "halo_snapshot",
        "halo_read_client",
        "halo_read_licence",
    )
    assert await count(pool, *tables) == [0] * len(tables)
    assert await count(pool, "portal_session") == [1], "it is nobody's in particular"
    assert (await acts(pool))[-1] == "partner.removed"
    gone = await command("partner", "remove", old, "--yes", "--json")
    assert (gone.exit_code, "there is no partner" in gone.stderr or old in gone.stderr) == (1, True)
    another = await command("partner", "add", old, "--name", "Another company")
    assert (another.exit_code, "take another id" in another.stderr) == (1, True)
    assert await count(pool, "partner") == [0], "it would read its predecessor's audit log"
    assert (await command("partner", "add", "other", "--name", "Another company")).exit_code == 0


async def test_keys_people_and_sessions_of_a_removed_partner_end(old: str, command: Run, pool: Pool) -> None:
    keys, people, sessions = KeyStore(pool), PeopleStore(pool), SessionStore(pool)
    await command("partner", "add", "rival", "--name", "Rival")
    key = await keys.create(old, "portal", by=COMMAND_LINE)
    for partner, email in ((old, "anna@acme.example"), (old, "ben@acme.example"), ("rival", "ben@acme.example")):
        await people.put(partner, email, Role.ADMIN, by=COMMAND_LINE)
    acting = {
        "key": Principal("portal", {old: Role.ADMIN}, key.key_id),
        "anna": Principal("anna@acme.example", await people.access("anna@acme.example")),
        "ben": Principal("ben@acme.example", await people.access("ben@acme.example")),
        "operator": Principal("op", {None: Role.ADMIN}, (await keys.create(None, "op", by=COMMAND_LINE)).key_id),
    }
    tokens = {who: await sessions.open(principal) for who, principal in acting.items()}
    for who in ("ben", "operator"):  # who may enter several partners has picked this one
        session = await sessions.find(tokens[who])
        assert session is not None
        await sessions.act_for(tokens[who], session, old)
    assert [await sessions.is_open(token, old) for token in tokens.values()] == [True] * 4
    await pool.execute("UPDATE connection SET state = 'disconnected'")
    assert (await command("partner", "remove", old, "--yes")).exit_code == 0
    assert [await sessions.is_open(token, old) for token in tokens.values()] == [False] * 4
    assert [await sessions.find(token) for token in tokens.values()] == [None] * 4
    assert await keys.authenticate(key.api_key) is None
    assert await people.access("anna@acme.example") == {}
    assert await people.access("ben@acme.example") == {"rival": Role.ADMIN}


async def test_what_a_sync_goes_by_goes_with_the_partner_and_not_before(old: str, command: Run, pool: Pool) -> None:
    await pool.execute("UPDATE connection SET state = 'disconnected'")
    await pool.execute("UPDATE item SET outcome = 'failed', reason = 'outcome_unknown' WHERE seq = 1")
    await pool.execute("UPDATE item SET restores_licence_id = 5 WHERE seq = 2")
    store = RetentionStore(pool)
    await store.prepare_removal(old, by=COMMAND_LINE)
    while await store.empty(only=old) is not None:
        pass
    assert await count(pool, "item", "item_line", "purge_left") == [2, 0, 0], "the partner may yet be resumed"
    assert (await command("partner", "remove", old, "--yes")).exit_code == 0
    assert await count(pool, "item", "run", "partner") == [0, 0, 0]


async def test_a_partner_is_not_removed_while_that_would_hurt(old: str, command: Run, pool: Pool) -> None:
    await command("run", "start", "--partner", old)
    await pool.execute("UPDATE connection SET state = 'disconnected'")
    refused = await command("partner", "remove", old, "--yes")
    assert (refused.exit_code, "halosync run cancel" in refused.stderr) == (1, True)
    await pool.execute("UPDATE run SET state = 'cancelled', finished_at = now() WHERE state = 'queued'")
    await command("partner", "add", "rival", "--name", "Rival")
    await pool.execute("INSERT INTO connection (partner_id, state, tenant) VALUES ('rival', 'connected', 'acme')")
    refused = await command("partner", "remove", old, "--yes")
    assert (refused.exit_code, "`cleanup` of rival" in refused.stderr) == (1, True)
    await pool.execute("UPDATE connection SET tenant = 'psa.rival.example' WHERE partner_id = 'rival'")
    await HaloAliases(pool).keep([("psa.rival.example", "acme")])
    refused = await command("partner", "remove", old, "--yes")
    assert (refused.exit_code, "`cleanup` of rival" in refused.stderr) == (1, True), "the same Halo by another name"
    await pool.execute("UPDATE connection SET state = 'broken' WHERE partner_id = 'rival'")
    refused = await command("partner", "remove", old, "--yes")
    assert (refused.exit_code, "`cleanup` of rival" in refused.stderr) == (1, True), "it is connected again later"
    await pool.execute("UPDATE partner SET cleanup = 'owned' WHERE partner_id = 'rival'")
    assert (await command("partner", "remove", old, "--yes", "--json")).json()["partner_id"] == old


@pytest.mark.usefixtures("old")
async def test_what_nobody_has_to_ask_for_goes_by_itself(pool: Pool) -> None:
    await pool.execute("UPDATE run SET mode = 'preview', state = 'previewed' WHERE created_at < '2024-01-01'")
    await pool.execute(
        """INSERT INTO dead_letter (queue, message_type, reason, body, body_hash, state, closed_at)
           VALUES ('q', 't', 'no', 'body', 'h1', 'replayed', now() - interval '40 days'),
                  ('q', 't', 'no', 'body', 'h2', 'discarded', now()), ('q', 't', 'no', 'body', 'h3', 'kept', NULL)"""
    )
    store = RetentionStore(pool)
    await store.mark_due(None)
    while await store.empty() is not None:
        pass
    assert await count(pool, "item", "invoice_line") == [0, 2], "the preview's items; months are kept for good"
    letters = await pool.fetch("SELECT body, whole_size FROM dead_letter ORDER BY dead_letter_id")
    assert [tuple(row) for row in letters] == [(b"", 4), (b"body", None), (b"body", None)]
    await store.mark_due(24)
    while await store.empty() is not None:
        pass
    assert await count(pool, "item", "invoice_line") == [0, 0]
    assert await acts(pool) == ["details.purged"]


async def test_an_undo_is_started_refused_and_purged(old: str, command: Run, pool: Pool) -> None:
    [run_id] = [row["run_id"] for row in await pool.fetch("SELECT run_id FROM run WHERE mode = 'apply'")]
    refused = await command("run", "undo", run_id)
    assert (refused.exit_code, "has changed nothing in Halo" in refused.stderr) == (1, True)
    await pool.execute("UPDATE item SET halo_licence_id = seq")
    begun = (await command("run", "undo", run_id, "--preview", "--json")).json()
    assert (await pool.fetchval("SELECT mode FROM run WHERE run_id = $1::uuid", begun["run_id"])) == "undo_preview"
    await pool.execute("UPDATE run SET state = 'cancelled', finished_at = now() WHERE state = 'queued'")
    await command("purge", "--older-than", "24", "--yes", "--partner", old)
    refused = await command("run", "undo", run_id)
    assert (refused.exit_code, "no longer kept" in refused.stderr) == (1, True)
