"""The audit log on real Postgres: each act once, with who and what, and only together with its change."""

from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from halosync.contracts.settings import PartnerSettings
from halosync.domain.acts import AUTO_SYNC, HALO, Act, Actor
from halosync.domain.plan import CustomerLink
from halosync.ports.audit import EntryChoice
from halosync.store.audit import AuditStore, record
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES

from .deeds import DEEDS
from .stage import BY, PARTNER, Stage

pytestmark = pytest.mark.integration

TABLES = (
    *("partner", "api_key", "person", "connection", "oauth_attempt", "oauth_token", "customer_link", "product_link"),
    *("halo_snapshot", "halo_client", "run", "outbox", "audit_entry"),
)


@pytest_asyncio.fixture(loop_scope="session")
async def stage(pool: Pool) -> Stage:
    stage = Stage(pool)
    await stage.set_up()
    return stage


async def log(stage: Stage, *acts: Act) -> list[tuple[str, Actor, str, Any]]:
    entries = await AuditStore(stage.pool).page(PARTNER, EntryChoice(acts=acts or None))
    return [(entry.act, entry.actor, entry.subject, entry.detail) for entry in entries]


async def everything(stage: Stage) -> dict[str, list[asyncpg.Record]]:
    """What all tables hold that a deed may change."""
    return {table: await stage.pool.fetch(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES}


def test_every_act_has_a_deed() -> None:
    assert set(DEEDS) == set(Act)


@pytest.mark.parametrize("act", list(Act))
async def test_an_act_is_kept_once_with_who_and_what(stage: Stage, act: Act) -> None:
    deed, detail = DEEDS[act]
    steps = deed(stage)
    await anext(steps)
    assert await log(stage, act) == []
    subject = await anext(steps)
    by = HALO if act is Act.CONNECTION_LOST else BY
    assert await log(stage, act) == [(act, by, subject, detail)]


@pytest.mark.parametrize("act", list(Act))
async def test_an_act_that_is_not_committed_was_never_done(stage: Stage, act: Act) -> None:
    steps = DEEDS[act][0](stage)
    await anext(steps)
    before = await everything(stage)
    await stage.pool.execute("""
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken at the commit'; END $$;
        CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON audit_entry DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION fail()""")
    with pytest.raises(asyncpg.RaiseError):
        await anext(steps)
    after = await everything(stage)
    if act is Act.CONNECTION_ESTABLISHED:  # the attempt is used up before anything else, in its own transaction
        before.pop("oauth_attempt")
        after.pop("oauth_attempt")
    assert after == before


async def test_what_changes_nothing_is_not_kept(stage: Stage) -> None:
    for _ in range(2):
        await stage.customer_links.replace(PARTNER, "C-17", CustomerLink(), by=BY)
        await stage.product_links.replace(PARTNER, "MS-365", None, by=BY)
        assert await stage.partners.save_settings(PARTNER, PartnerSettings(), by=BY) == {}
    assert await log(stage) == []
    run_id = await stage.start()
    for _ in range(2):
        await stage.runs.cancel(PARTNER, run_id, by=BY)
        async with stage.connections.lock(PARTNER) as held:
            assert held is not None
            await held.end("Disconnected.", by=BY)
    created = await stage.keys.create(PARTNER, "portal", by=BY)
    for _ in range(2):
        await stage.keys.revoke(created.key_id, by=BY)
    acts = [act for act, *_ in await log(stage)]
    expected = [Act.RUN_STARTED, Act.RUN_CANCELLED, Act.CONNECTION_ENDED, Act.KEY_CREATED, Act.KEY_REVOKED]
    assert acts == expected[::-1]


async def test_cancelling_a_writing_run_again_is_not_kept(stage: Stage) -> None:
    run_id = await stage.start()
    await stage.pool.execute("UPDATE run SET state = 'writing', total = 1, pending = 1")
    assert await stage.runs.cancel(PARTNER, run_id, by=BY)
    assert await stage.runs.cancel(PARTNER, run_id, by=BY)
    assert len(await log(stage, Act.RUN_CANCELLED)) == 1


async def test_a_link_tells_what_was_before(stage: Stage) -> None:
    await stage.pool.execute("INSERT INTO halo_client VALUES ($1, 8, 'Contoso NZ', false)", PARTNER)
    await stage.customer_links.replace(PARTNER, "C-17", CustomerLink(7), by=BY, name="Contoso")
    await stage.customer_links.replace(PARTNER, "C-17", CustomerLink(8, excluded=True), by=BY, name="Contoso")
    entry, _ = await AuditStore(stage.pool).page(PARTNER)
    assert entry.sentence == (
        'Linked customer "Contoso" (C-17) to client "Contoso NZ" (#8); it was client "Contoso Pty" (#7). '
        'Excluded customer "Contoso" (C-17): nothing of it is synchronised.'
    )


async def test_a_retry_names_its_run_and_approves_nothing_by_itself(stage: Stage) -> None:
    run_id = await stage.start(approve_removals=5)
    await stage.pool.execute("UPDATE run SET state = 'failed', finished_at = now(), total = 2, synced = 2, deleted = 2")
    await stage.retries.retry(run_id, by=BY)
    (newest, *_) = await log(stage)
    assert newest[0] == Act.RUN_STARTED
    assert newest[3]["retry_of"] == str(run_id)
    assert len(await log(stage, Act.REMOVALS_APPROVED)) == 1


async def test_auto_sync_acts_under_its_own_name(stage: Stage) -> None:
    await stage.partners.save_settings(PARTNER, PartnerSettings(auto_sync=True), by=BY)
    await stage.pool.execute("UPDATE invoice SET sync_wanted = true")
    assert await stage.runs.start_wanted(PARTNER) is not None
    assert [by for _, by, *_ in await log(stage, Act.RUN_STARTED)] == [AUTO_SYNC]
    assert await stage.pool.fetchval("SELECT requested_by FROM run") == "auto_sync"


async def test_pages_are_newest_first_and_of_one_partner(stage: Stage) -> None:
    await stage.partners.add("rival", "Rival")
    async with stage.pool.acquire() as connection, connection.transaction():
        for number in range(5):
            await record(connection, BY, Act.SIGNED_IN, partner_id=PARTNER, subject=str(number))
            await record(connection, BY, Act.SIGNED_IN, partner_id="rival", subject="not yours")
            await record(connection, BY, Act.SIGNED_OUT, partner_id=PARTNER, subject=str(number))
            await record(connection, BY, Act.SIGNED_IN, partner_id=None, subject="everybody's")
    store = AuditStore(stage.pool)
    seen: list[str] = []
    after = None
    while page := await store.page(PARTNER, EntryChoice(acts=[Act.SIGNED_IN]), after=after, most=2):
        seen += [entry.subject for entry in page]
        after = page[-1].audit_id
    assert seen == ["4", "3", "2", "1", "0"]


async def test_a_partner_revokes_its_own_keys_only(stage: Stage) -> None:
    await stage.partners.add("rival", "Rival")
    rivals, operators = await stage.keys.create("rival", "", by=BY), await stage.keys.create(None, "", by=BY)
    for created in (rivals, operators):
        assert not await stage.keys.revoke(created.key_id, by=BY, owner=PARTNER)
        assert await stage.keys.authenticate(created.api_key) is not None
    assert await log(stage) == []
    assert await stage.pool.fetchval("SELECT count(*) FROM audit_entry WHERE partner_id IS NULL") == 1


async def test_the_log_never_holds_a_key(stage: Stage) -> None:
    created = await stage.keys.create(PARTNER, "portal", by=BY)
    assert created.api_key not in str(await stage.pool.fetch("SELECT * FROM audit_entry"))


async def test_nobody_waits_for_an_invoice_that_is_being_stored(stage: Stage) -> None:
    async with stage.pool.acquire() as connection, connection.transaction():
        await QUERIES.lock_partner(connection, partner_id=PARTNER)
        await stage.customer_links.replace(PARTNER, "C-17", CustomerLink(7), by=BY)
        await stage.keys.create(PARTNER, "portal", by=BY)
        assert len(await log(stage)) == 2
