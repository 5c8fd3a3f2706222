"""Wrong keys are counted, logged a few times with their address, answered slowly, and hold little (spec section 10)."""

import asyncio

import pytest
from prometheus_client import REGISTRY
from report_api.access import wrong_keys
from report_api.access.wrong_keys import FREE, MOST_WAITING_OF_ONE, WrongKeys
from report_api.web.problems import Problem
from structlog.testing import capture_logs


def counted() -> float:
    return REGISTRY.get_sample_value("halosync_wrong_keys_total") or 0


async def test_the_first_are_answered_at_once_and_logged_with_their_address() -> None:
    keys, before = WrongKeys(delay_s=3600), counted()
    with capture_logs() as logs:
        async with asyncio.timeout(1):
            for _ in range(FREE):
                await keys.tell("203.0.113.7", "/v1/partners/acme-msp/runs")
    assert [(line["address"], line["path"]) for line in logs] == [("203.0.113.7", "/v1/partners/acme-msp/runs")] * FREE
    assert counted() == before + FREE


async def test_many_of_one_address_wait_a_few_at_a_time_and_fill_no_log() -> None:
    keys, before = WrongKeys(delay_s=3600), counted()
    with capture_logs() as logs:
        for _ in range(FREE):
            await keys.tell("203.0.113.7", "/")
        waiting = [asyncio.create_task(keys.tell("203.0.113.7", "/")) for _ in range(MOST_WAITING_OF_ONE)]
        await asyncio.sleep(0)
        for _ in range(1000):
            with pytest.raises(Problem) as refused:
                await keys.tell("203.0.113.7", "/")
        async with asyncio.timeout(1):
            await keys.tell("203.0.113.8", "/")  # somebody else mistypes
    assert (refused.value.status_code, refused.value.code) == (429, "too_many_requests")
    assert len(logs) == FREE + 2
    assert counted() == before + FREE + MOST_WAITING_OF_ONE + 1000 + 1
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert keys._waiting == 0


async def test_after_a_minute_it_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrong_keys, "WINDOW_S", 0.0)
    keys = WrongKeys(delay_s=3600)
    async with asyncio.timeout(1):
        for _ in range(FREE + 5):
            await keys.tell("203.0.113.7", "/")


async def test_a_network_of_one_machine_counts_as_one_address() -> None:
    keys = WrongKeys(delay_s=0)
    for number in range(50):
        await keys.tell(f"2001:db8::{number:x}", "/")
    await keys.tell("no address", "/")
    assert list(keys._addresses) == ["2001:db8::/64", "no address"]


async def test_not_every_address_there_ever_was_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrong_keys, "MOST_ADDRESSES", 10)
    keys = WrongKeys(delay_s=0)
    for number in range(30):
        await keys.tell(f"203.0.113.{number}", "/")
    assert len(keys._addresses) == 10
