"""The sandbox's faults on demand (messaging-facts section 6.5, F14 to F17)."""

from collections.abc import AsyncIterator

import httpx
import pytest
from devstack.fields import Fields
from devstack.wait import until
from halo_sandbox.testing import APPLICATION, RunningSandbox, RunningTenant, running_sandbox

CLIENTS = [{"id": 1, "name": "Contoso"}]
LICENCES = [{"id": n, "client_id": 1, "name": f"P-{n}", "count": n} for n in range(1, 8)]
ROW = {"name": "New", "client_id": 1, "count": 1}
PATH = "/api/SoftwareLicence"
IMPATIENT = httpx.Timeout(10, read=0.02)
POST = {"method": "POST", "path": "SoftwareLicence"}


@pytest.fixture
async def halo(sandbox: RunningSandbox) -> AsyncIterator[RunningTenant]:
    async with sandbox.tenant(clients=CLIENTS, licences=LICENCES) as tenant:
        yield tenant


async def applied(halo: RunningTenant) -> int:
    """How many licences were written since the start."""
    return len(await halo.admin.history(halo.name)) - len(LICENCES)


async def last_request(halo: RunningTenant) -> Fields:
    """The log entry of the newest request, when it is over."""

    async def over() -> bool:
        return (await halo.admin.requests(halo.name))[-1]["in_flight_s"] is not None

    await until(over, what="the end of the newest request", timeout_s=30, every_s=0.005)
    return (await halo.admin.requests(halo.name))[-1]


@pytest.mark.parametrize("apply", [False, True])
@pytest.mark.parametrize("code", [500, 502, 503])
async def test_a_status_before_or_after_the_write_took_effect(halo: RunningTenant, code: int, apply: bool) -> None:
    await halo.admin.add_fault(
        halo.name, match=POST, status=code, apply=apply, body="gateway", headers={"x-cause": "y"}
    )
    answer = await halo.http.post(PATH, json=[ROW])
    assert (answer.status_code, answer.text, answer.headers["x-cause"]) == (code, "gateway", "y")
    assert await applied(halo) == apply
    assert (await last_request(halo))["fault"] == "status"
    assert (await halo.http.post(PATH, json=[ROW])).status_code == 201


@pytest.mark.parametrize(
    ("body", "text"),
    [(None, ""), ({"Message": "no"}, '{"Message":"no"}'), ("plain", "plain"), ({"resultCode": 3}, '{"resultCode":3}')],
)
async def test_an_error_has_any_of_halos_bodies(halo: RunningTenant, body: object, text: str) -> None:
    await halo.admin.add_fault(halo.name, status=400, body=body)
    assert (await halo.http.post(PATH, json=[ROW])).text == text


@pytest.mark.parametrize(
    ("fault", "written", "error"),
    [
        ("drop_before", 0, httpx.RemoteProtocolError),
        ("drop_after", 1, httpx.RemoteProtocolError),
        ("reset_before", 0, httpx.ReadError),
        ("reset_after", 1, httpx.ReadError),
        ("half_body", 1, httpx.RemoteProtocolError),
    ],
)
async def test_a_connection_breaks_before_or_after_the_write_took_effect(
    halo: RunningTenant, fault: str, written: int, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    await halo.admin.add_fault(halo.name, match=POST, **{fault: True})
    with pytest.raises(error):
        await halo.http.post(PATH, json=[ROW])
    assert await applied(halo) == written
    entry = await last_request(halo)
    assert (entry["fault"], entry["rows"]) == (fault, 1)
    assert entry["status"] == (201 if fault == "half_body" else None)
    assert (await halo.http.post(PATH, json=[ROW])).status_code == 201
    assert not caplog.records


async def test_a_broken_read_breaks_the_same_way(halo: RunningTenant) -> None:
    await halo.admin.add_fault(halo.name, half_body=True)
    with pytest.raises(httpx.RemoteProtocolError):
        await halo.http.get(PATH)


async def test_a_slow_write_outlasts_its_client_and_still_takes_effect(halo: RunningTenant) -> None:
    await halo.admin.add_fault(halo.name, match=POST, delay_s=0.4)
    with pytest.raises(httpx.ReadTimeout):
        await halo.http.post(PATH, json=[ROW], timeout=IMPATIENT)
    assert await applied(halo) == 0
    entry = await last_request(halo)
    assert await applied(halo) == 1
    assert entry["in_flight_s"] >= 0.4
    assert entry["fault"] == "delay"


async def test_a_slow_answer_comes_after_the_write_took_effect(halo: RunningTenant) -> None:
    await halo.admin.add_fault(halo.name, match=POST, delay_answer_s=0.2)
    with pytest.raises(httpx.ReadTimeout):
        await halo.http.post(PATH, json=[ROW], timeout=IMPATIENT)
    assert await applied(halo) == 1


async def test_a_time_out_without_effect(halo: RunningTenant) -> None:
    await halo.admin.add_fault(halo.name, match=POST, delay_s=0.1, drop_before=True)
    with pytest.raises(httpx.ReadTimeout):
        await halo.http.post(PATH, json=[ROW], timeout=IMPATIENT)
    await last_request(halo)
    assert await applied(halo) == 0


@pytest.mark.parametrize("status", [504, None])
async def test_a_write_is_applied_after_its_failure_was_told(halo: RunningTenant, status: int | None) -> None:
    answered = {"status": status} if status else {}
    await halo.admin.add_fault(halo.name, match=POST, late_apply_s=0.4, **answered)
    try:
        assert (await halo.http.post(PATH, json=[ROW])).status_code == status
    except httpx.RemoteProtocolError:
        assert status is None
    assert await applied(halo) == 0

    async def written() -> bool:
        return await applied(halo) > 0

    await until(written, what="the late write", timeout_s=30, every_s=0.02)
    (effect,) = await halo.admin.history(halo.name, since=len(LICENCES))
    assert effect["request"] == 1


async def test_a_200_may_not_be_json(halo: RunningTenant) -> None:
    await halo.admin.add_fault(halo.name, malformed=True)
    answer = await halo.http.get(PATH)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Unterminated string"):
        answer.json()


async def test_a_200_may_be_a_page(halo: RunningTenant) -> None:
    await halo.admin.add_fault(halo.name, match=POST, html=True, apply=True)
    answer = await halo.http.post(PATH, json=[ROW])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert await applied(halo) == 1


@pytest.mark.parametrize("which", [{"name": "New"}, {"index": 1}])
async def test_a_row_may_be_refused_in_given_words(halo: RunningTenant, which: Fields) -> None:
    await halo.admin.add_fault(
        halo.name, match=POST, times=None, refuse_row={**which, "message": "Locked by contract."}
    )
    answer = await halo.http.post(PATH, json=[{"id": 1, "count": 9}, ROW])
    assert answer.status_code == 400
    assert answer.json() == {"[1]": ["Locked by contract. Path '[1]'."]}
    assert (await halo.http.post(PATH, json=[{"id": 1, "count": 9}])).status_code == 201


async def test_a_request_may_be_unauthorized(halo: RunningTenant) -> None:
    await halo.admin.add_fault(halo.name, unauthorized=True)
    assert [(await halo.http.get(PATH)).status_code for _ in range(2)] == [401, 200]


async def test_tokens_may_be_revoked_in_the_middle(halo: RunningTenant) -> None:
    await halo.admin.add_fault(
        halo.name, match={"method": "GET", "path": "SoftwareLicence", "nth": 2}, revoke_tokens=True
    )
    assert [(await halo.http.get(PATH)).status_code for _ in range(3)] == [200, 401, 401]
    form = {"grant_type": "refresh_token", "refresh_token": halo.tokens["refresh_token"]}
    answer = await halo.http.post("/auth/token", data={"client_id": APPLICATION["client_id"], **form})
    assert answer.json()["error"] == "invalid_grant"


async def test_the_token_endpoint_fails_too_and_may_burn_the_refresh_token(halo: RunningTenant) -> None:
    form = {
        "client_id": APPLICATION["client_id"],
        "grant_type": "refresh_token",
        "refresh_token": halo.tokens["refresh_token"],
    }
    await halo.admin.add_fault(halo.name, match={"path": "token"}, status=503)
    assert (await halo.http.post("/auth/token", data=form)).status_code == 503
    await halo.admin.add_fault(halo.name, match={"path": "token"}, drop_after=True)
    with pytest.raises(httpx.RemoteProtocolError):
        await halo.http.post("/auth/token", data=form)
    assert (await halo.http.post("/auth/token", data=form)).json()["error"] == "invalid_grant"


async def test_a_rule_hits_what_it_matches_and_as_often_as_it_says(halo: RunningTenant) -> None:
    match = {"method": "POST", "path": "SoftwareLicence", "row_name": "New", "nth": 2}
    fault_id = await halo.admin.add_fault(halo.name, match=match, times=2, status=500)
    rows = [[ROW], [{"id": 1}], [ROW], [{"id": 2}, ROW], [ROW]]
    codes = [(await halo.http.post(PATH, json=array)).status_code for array in rows]
    assert codes == [201, 201, 500, 500, 201]
    assert (await halo.http.get(PATH)).status_code == 200
    (fault,) = await halo.admin.faults(halo.name)
    assert (fault["id"], fault["kind"], fault["matched"], fault["hits"]) == (fault_id, "status", 4, 2)


async def test_a_path_matches_with_or_without_the_id(halo: RunningTenant) -> None:
    await halo.admin.add_fault(halo.name, match={"path": "SoftwareLicence/3"}, times=None, status=502)
    await halo.admin.add_fault(halo.name, match={"method": "DELETE", "path": "SoftwareLicence"}, status=503)
    assert (await halo.http.get(f"{PATH}/3")).status_code == 502
    assert (await halo.http.get(f"{PATH}/4")).status_code == 200
    assert (await halo.http.delete(f"{PATH}/4")).status_code == 503


async def test_faults_can_be_taken_away(halo: RunningTenant) -> None:
    first = await halo.admin.add_fault(halo.name, times=None, status=500)
    await halo.admin.add_fault(halo.name, times=None, status=502)
    assert (await halo.http.get(PATH)).status_code == 500
    await halo.admin.delete_fault(halo.name, first)
    assert (await halo.http.get(PATH)).status_code == 502
    await halo.admin.clear_faults(halo.name)
    assert (await halo.http.get(PATH)).status_code == 200
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        await halo.admin.delete_fault(halo.name, first)


@pytest.mark.parametrize(
    "action",
    [
        {},
        {"drop_before": True, "html": True},
        {"status": 99},
        {"made_up": 1},
        {"refuse_row": {}},
        {"shift_pages": "x"},
        {"times": 0, "html": True},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(halo: RunningTenant, action: Fields) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="422"):
        await halo.admin.add_fault(halo.name, **action)


async def test_a_request_that_waits_for_its_fault_does_not_keep_the_sandbox_from_stopping(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running_sandbox() as stopping, stopping.tenant(clients=CLIENTS) as halo:
        await halo.admin.add_fault(halo.name, delay_s=3600)
        with pytest.raises(httpx.ReadTimeout):
            await halo.http.get(PATH, timeout=IMPATIENT)
        await halo.admin.add_fault(halo.name, late_apply_s=3600, status=504)
        assert (await halo.http.get(PATH)).status_code == 504
    assert [record for record in caplog.records if record.exc_info] == []
