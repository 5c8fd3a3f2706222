"""Testing a connection: really reads, says what it saw, and says what to do when it saw nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from halosync.contracts.connection import ConnectionTested, TestConnection
from halosync.ports.permits import Rate
from halosync.ports.requests import Refusal
from halosync.ports.tokens import AuthAwayError, ConnectionLostError, TokenUnavailableError

from .conftest import Pipeline
from .parts import PARTNER, TENANT

CLIENTS, LICENCES = {"path": "Client"}, {"path": "SoftwareLicence"}


async def tried(pipeline: Pipeline, rate: Rate | None = None, patience_s: float | None = None) -> ConnectionTested:
    test = pipeline.planner(rate).connection_test
    if patience_s is not None:
        test._sample._patience_s = patience_s
    return await test.test(TestConnection(partner_id=PARTNER))


async def refusal(pipeline: Pipeline, **changes: Any) -> tuple[str, str]:
    with pytest.raises(Refusal) as refused:
        await tried(pipeline, **changes)
    answer = refused.value.answer
    assert answer.partner_id == PARTNER
    return answer.code, answer.detail


async def test_it_says_how_long_the_lists_are_and_reads_one_page_of_each(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, *({"client_id": 1, "name": f"P-{n}"} for n in range(25)))
    before = datetime.now(UTC)
    tested = await tried(pipeline)
    assert (tested.tenant, tested.clients, tested.licences) == (TENANT, 2, 25)
    assert before <= tested.checked_at <= datetime.now(UTC)
    assert tested.took_ms >= 0
    assert await pipeline.sent("GET") == 2 + 6  # authinfo, both lists and their second pages, one client's licences
    findings = {finding.fact: (finding.found, finding.verdict) for finding in tested.findings}
    assert findings["authinfo: server for log-ins"] == ("this Halo's own", "as assumed")
    assert findings["licences: rows"] == ("25 of 25 on the first page", "as assumed")
    assert findings["licences: client_id"] == ("heeded", "as assumed")


async def test_what_this_halo_does_is_told_within_the_budget(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.change_settings(TENANT, ignored_page_no=["licences"], odd_rows=True)
    tested = await tried(pipeline, rate=Rate(4, 300.0))
    assert tested.clients == 2
    assert (tested.findings[-1].fact, tested.findings[-1].verdict) == ("the rest", "tolerated")
    assert "limit" in tested.findings[-1].found
    assert await pipeline.sent("GET") <= 4


async def test_a_halo_that_stops_answering_after_it_was_read_fails_no_test(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match={"path": "Client", "nth": 2}, times=None, drop_before=True)
    tested = await tried(pipeline)
    assert "Halo did not answer in time" in tested.findings[-1].found


async def test_an_empty_halo_is_a_halo(pipeline: Pipeline) -> None:
    assert (await tried(pipeline)).licences == 0


async def test_without_a_connection_nothing_is_asked(pipeline: Pipeline) -> None:
    await pipeline.pool.execute("UPDATE connection SET state = 'disconnected'")
    code, detail = await refusal(pipeline)
    assert code == "not_connected"
    assert "Press Connect" in detail
    await pipeline.pool.execute("UPDATE connection SET state = 'broken', problem = 'Revoked. Connect again.'")
    assert await refusal(pipeline) == ("connection_broken", "Revoked. Connect again.")
    assert await pipeline.sent("GET") == 0


@pytest.mark.parametrize(
    ("lost", "code"),
    [
        (ConnectionLostError("not_connected", "Press Connect."), "not_connected"),
        (ConnectionLostError("connection_broken", "Press Connect."), "connection_broken"),
        (ConnectionLostError("other_tenant", "Another one."), "halo_unavailable"),
        (TokenUnavailableError("Halo's log-in is away"), "halo_unavailable"),
        (TokenUnavailableError("no key", "token_unreadable"), "token_unreadable"),
        (AuthAwayError("auth is away"), "part_away"),
    ],
)
async def test_a_connection_that_goes_while_it_is_tested(
    pipeline: Pipeline, lost: ConnectionLostError | TokenUnavailableError | AuthAwayError, code: str
) -> None:
    pipeline.tokens.lost = lost
    assert (await refusal(pipeline))[0] == code


async def test_no_permit_names_the_time(pipeline: Pipeline) -> None:
    rate = Rate(1, 300.0)
    await pipeline.limiter.acquire(TENANT, rate, want=1, lease_s=60.0, interactive=True)
    await pipeline.limiter.block(TENANT, 200.0)
    with pytest.raises(Refusal) as refused:
        await tried(pipeline, rate=rate)
    answer = refused.value.answer
    assert answer.code == "rate_limited"
    assert answer.retry_at is not None
    assert timedelta(seconds=195) <= answer.retry_at - datetime.now(UTC) <= timedelta(seconds=265)
    assert f"{answer.retry_at:%H:%M} UTC" in answer.detail


@pytest.mark.parametrize(
    ("match", "permission"), [(CLIENTS, "read:customers"), (LICENCES, "read:softwarelicensing")], ids=str
)
@pytest.mark.parametrize("fault", [{"status": 403}, {"unauthorized": True}], ids=str)
async def test_a_missing_permission_is_named(
    pipeline: Pipeline, match: dict[str, str], permission: str, fault: dict[str, object]
) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match=match, times=None, **fault)
    code, detail = await refusal(pipeline)
    assert code == "permission_denied"
    assert permission in detail


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"status": 503}, "halo_unavailable"),
        ({"drop_before": True}, "halo_unavailable"),
        ({"half_body": True}, "halo_unavailable"),
        ({"html": True}, "unexpected_answer"),
        ({"malformed": True}, "unexpected_answer"),
        ({"status": 200, "body": {"record_count": 3}}, "unexpected_answer"),
        ({"status": 200, "body": {"record_count": 3, "clients": []}}, "unexpected_answer"),
        ({"status": 200, "body": {"record_count": 1, "clients": [{"name": "x"}]}}, "unexpected_answer"),
        ({"status": 404}, "unexpected_answer"),
        ({"status": 302}, "unexpected_answer"),
    ],
    ids=str,
)
async def test_an_answer_that_is_none(pipeline: Pipeline, fault: dict[str, object], code: str) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match=CLIENTS, times=None, **fault)
    said, detail = await refusal(pipeline)
    assert said == code
    assert detail.isprintable()


async def test_a_slow_halo_is_not_waited_for(pipeline: Pipeline) -> None:
    await pipeline.sandbox.admin.add_fault(TENANT, match=CLIENTS, delay_s=1.5)
    code, detail = await refusal(pipeline, patience_s=0.2)
    assert code == "halo_unavailable"
    assert "did not answer" in detail
