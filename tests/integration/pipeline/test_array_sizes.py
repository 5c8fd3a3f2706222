"""Arrays grow where Halo takes them quickly, and stay or become small where it does not (spec section 9)."""

from typing import Any

import asyncpg
import pytest
from devstack.fields import Fields
from halosync.store.array_sizes import ArraySizeStore

from .conftest import Pipeline
from .parts import TENANT

ONE = {"method": "POST", "path": "SoftwareLicence"}


def products(number: int) -> list[Fields]:
    return [{"product_code": f"P-{n:03}", "quantity": str(n % 7 + 1)} for n in range(number)]


async def sent(pipeline: Pipeline) -> list[int]:
    """How many rows each array had."""
    log = await pipeline.sandbox.admin.requests(TENANT)
    return [entry["rows"] for entry in log if entry["method"] == "POST" and "/api/" in entry["path"]]


async def tuned(pipeline: Pipeline) -> None:
    pipeline.tuning.batch_size, pipeline.tuning.most_batch = 10, 100
    pipeline.planning, pipeline.writing = pipeline.planner().run_planner, pipeline.writer()


async def test_a_halo_that_takes_everything_is_sent_more_at_a_time_and_that_is_remembered(pipeline: Pipeline) -> None:
    await tuned(pipeline)
    await pipeline.invoice(products(200))
    assert (await pipeline.sync())["created"] == 200
    assert await sent(pipeline) == [10, 20, 70, 100]  # it starts with ten
    assert len(await pipeline.licences()) == 200
    await pipeline.invoice([{**row, "unit_price": "11.00"} for row in products(200)], revision=2)
    assert (await pipeline.sync())["updated"] == 200
    assert (await sent(pipeline))[4:] == [100, 100]


async def test_one_that_refuses_larger_arrays_is_tried_once_and_nothing_fails(pipeline: Pipeline) -> None:
    await tuned(pipeline)
    await pipeline.sandbox.admin.change_settings(TENANT, largest_array=10)
    await pipeline.invoice(products(200))
    run = await pipeline.sync()
    assert (run["state"], run["created"], run["failed"]) == ("succeeded", 200, 0)
    arrays = await sent(pipeline)
    assert [rows for rows in arrays if rows > 10] == [20]
    assert len(arrays) == 1 + 20
    assert {item["attempts"] for item in await pipeline.items(run["run_id"])} == {1}


async def test_one_that_slows_down_is_sent_less(pipeline: Pipeline) -> None:
    pipeline.tuning.timeout_s, pipeline.tuning.slow_s = 3.0, 1.0
    await tuned(pipeline)
    await pipeline.sandbox.admin.change_settings(TENANT, row_delay_s=0.02)  # 80 rows take more than a third of 3 s
    await pipeline.invoice(products(300))
    run = await pipeline.sync()
    assert (run["state"], run["created"]) == ("succeeded", 300)
    # 40 rows take at least 0.8 s, so 80 would be slow; on a busy machine 20 may seem slow too.
    assert max(await sent(pipeline)) <= 40


async def test_a_large_array_without_an_answer_is_looked_up_by_a_few_lists_of_its_clients(pipeline: Pipeline) -> None:
    await tuned(pipeline)
    await pipeline.sandbox.admin.add_fault(TENANT, match={**ONE, "nth": 3}, drop_after=True)
    await pipeline.invoice(products(200))
    run = await pipeline.sync()
    assert (run["state"], run["created"]) == ("succeeded", 200)
    arrays = await sent(pipeline)
    assert sum(arrays) == 200, "nothing is sent twice"
    log = await pipeline.sandbox.admin.requests(TENANT)
    looks = [entry["query"] for entry in log if "client_id=" in entry["query"]]
    assert 0 < len(looks) <= 2 * 3, "the few pages of the one client, twice, whatever number of rows the array had"


async def test_what_was_not_in_a_refused_array_goes_on_beside_it(pipeline: Pipeline) -> None:
    await tuned(pipeline)
    await pipeline.sandbox.admin.add_fault(TENANT, match={**ONE, "row_name": "P-003"}, times=None, status=500)
    await pipeline.invoice(products(60))
    run = await pipeline.sync()
    assert (run["state"], run["created"], run["failed"]) == ("partial", 59, 1)
    assert len(await pipeline.licences()) == 59


async def test_what_an_array_teaches_is_known_before_its_results_are_recorded(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tuned(pipeline)
    sender, known = pipeline.writing._sender, []
    record = sender._actions.record

    async def recording(*arguments: Any, **options: Any) -> None:
        known.append(await sender._sizing._sizes.learnt(TENANT))
        await record(*arguments, **options)

    monkeypatch.setattr(sender._actions, "record", recording)
    await pipeline.invoice(products(200))
    assert (await pipeline.sync())["created"] == 200
    assert [size and size.rows for size in known] == [10, 20, 70, 100]


async def test_what_halo_answered_is_recorded_although_its_array_teaches_nothing(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def learn(*_: object) -> None:
        raise asyncpg.LockNotAvailableError("taken")

    await tuned(pipeline)
    monkeypatch.setattr(ArraySizeStore, "learn", learn)
    await pipeline.invoice(products(30))
    with pytest.raises(asyncpg.LockNotAvailableError):  # the message is delivered again later
        await pipeline.sync()
    taken = await pipeline.pool.fetchval("SELECT count(*) FROM item WHERE outcome = 'synced'")
    assert taken == len(await pipeline.licences()) > 0
