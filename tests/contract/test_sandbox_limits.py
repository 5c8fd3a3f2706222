"""The sandbox against the facts: the request limit (halo-api section 4)."""

from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from typing import Literal

import pytest
from devstack.wait import until
from halo_sandbox.clock import Clock
from halo_sandbox.limits import LimitRule, RequestLimit
from halo_sandbox.settings import TenantSettings
from halo_sandbox.tenant import Tenant
from halo_sandbox.testing import RunningSandbox, RunningTenant
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
async def halo(sandbox: RunningSandbox) -> AsyncIterator[RunningTenant]:
    async with sandbox.tenant(clients=[{"name": "Contoso"}], settings={"rate_requests": 3}) as tenant:
        yield tenant


async def get(halo: RunningTenant) -> int:
    return (await halo.http.get("/api/Client")).status_code


async def use_up(halo: RunningTenant) -> None:
    while await get(halo) != 429:
        pass


def test_the_default_is_what_the_product_documents() -> None:
    defaults = TenantSettings()
    assert (defaults.rate_requests, defaults.rate_window_s, defaults.rate_window) == (500, 300, "rolling")


async def test_reads_writes_and_failures_count_and_then_it_is_429(halo: RunningTenant) -> None:
    assert await get(halo) == 200
    assert (await halo.http.post("/api/SoftwareLicence", json=[{"name": "P", "client_id": 1}])).status_code == 201
    assert (await halo.http.get("/api/SoftwareLicence/999")).status_code == 404
    answer = await halo.http.post("/api/SoftwareLicence", json=[{"name": "Q", "client_id": 1}])
    assert answer.status_code == 429
    assert "3 requests per rolling window of 300 s" in answer.json()["error"]
    assert "retry-after" not in answer.headers
    assert [row["name"] for row in await halo.admin.licences(halo.name)] == ["P"]


async def test_authorisation_is_not_limited(halo: RunningTenant) -> None:
    await use_up(halo)
    assert (await halo.http.post("/auth/token", data={"client_id": "x"})).status_code == 401


async def test_tenants_have_limits_of_their_own(sandbox: RunningSandbox, halo: RunningTenant) -> None:
    await use_up(halo)
    async with sandbox.tenant() as other:
        assert await get(other) == 200


async def test_other_software_uses_the_same_limit(halo: RunningTenant) -> None:
    await halo.admin.foreign_requests(halo.name, 2)
    assert [await get(halo) for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("window", ["rolling", "fixed"])
async def test_the_window_passes(halo: RunningTenant, window: str) -> None:
    await use_up(halo)
    await halo.admin.change_settings(halo.name, rate_window_s=0.05, rate_window=window)

    async def free() -> bool:
        return await get(halo) != 429

    await until(free, what="the end of the window", timeout_s=30, every_s=0.01)


async def test_refused_requests_can_count_too(halo: RunningTenant) -> None:
    await use_up(halo)
    await halo.admin.change_settings(halo.name, rate_requests=4)
    assert await get(halo) == 200
    await halo.admin.change_settings(halo.name, refused_requests_count=True)
    assert await get(halo) == 429
    await halo.admin.change_settings(halo.name, rate_requests=5)
    assert await get(halo) == 429


async def test_retry_after_may_be_seconds(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, retry_after="seconds")
    await use_up(halo)
    assert 295 <= int((await halo.http.get("/api/Client")).headers["retry-after"]) <= 300


def test_a_refused_request_that_counts_makes_its_own_wait_longer() -> None:
    times = iter([0.0, 10.0, 20.0, 30.0])
    settings = TenantSettings(rate_requests=2, rate_window_s=100, refused_requests_count=True)
    tenant = Tenant("acme", settings, Clock(monotonic=lambda: next(times)))
    assert [tenant.limit_wait_s() for _ in range(4)] == [0.0, 0.0, 90.0, 90.0]


async def test_retry_after_may_be_a_date(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, retry_after="date")
    await use_up(halo)
    last = (await halo.admin.requests(halo.name))[-1]["at"]
    promised = parsedate_to_datetime((await halo.http.get("/api/Client")).headers["retry-after"]).timestamp()
    assert 295 <= promised - last <= 305


async def test_retry_after_may_lie(halo: RunningTenant) -> None:
    await halo.admin.change_settings(halo.name, retry_after="lying")
    await use_up(halo)
    assert (await halo.http.get("/api/Client")).headers["retry-after"] == "1"


# Eighths are exact in binary: no rounding decides whether a request still counts.
STEPS = st.lists(st.integers(0, 40).map(lambda eighths: eighths / 8), min_size=1, max_size=40)


@given(requests=st.integers(0, 4), window_s=st.sampled_from([1.0, 2.5, 8.0]), steps=STEPS, fixed=st.booleans())
def test_the_limit_agrees_with_counting_by_hand(
    requests: int, window_s: float, steps: list[float], fixed: bool
) -> None:
    window: Literal["rolling", "fixed"] = "fixed" if fixed else "rolling"
    rule, limit, passed, now = LimitRule(requests, window_s, window), RequestLimit(), list[float](), 0.0
    for step in steps:
        now += step
        still = [at for at in passed if (at // window_s == now // window_s if fixed else now - at < window_s)]
        wait_s = limit.wait_s(rule, now)
        assert (wait_s == 0.0) == (len(still) < requests)
        if wait_s:
            assert requests == 0 or limit.wait_s(rule, now + wait_s) == 0.0
            limit = RequestLimit()  # looking ahead forgot what no longer counts there: begin again
            for at in passed:
                limit.count(at)
        else:
            limit.count(now)
            passed.append(now)
