"""One suite for the store of reads under way and its double: page by page, by one process at a time."""

from decimal import Decimal
from uuid import UUID

import pytest
from halosync.domain.batching import Batch
from halosync.domain.completeness import IncompleteReadError
from halosync.domain.guard import Comparison
from halosync.domain.model import Client, Licence, Plan, SeenLicence
from halosync.ports.reads import ReadTakenOverError

from .conftest import PARTNER, TENANT, Stage, claimed, read

READ, CLAIM = UUID(int=7), UUID(int=101)
CLIENTS = [Client(number, f"Client {number}", inactive=False) for number in range(1, 5)]


def seen(number: int, *, deleted: bool = False) -> SeenLicence:
    licence = Licence(number, 1, f"P-{number}", Decimal(1), Decimal("10.00"), None, "Monthly", is_active=not deleted)
    return SeenLicence(licence, deleted=deleted)


async def test_a_read_goes_on_where_it_stopped_list_by_list(stage: Stage) -> None:
    first = await stage.reads.begin(READ, PARTNER, TENANT)
    assert (first.list, first.next_page, first.record_count, first.rows, first.restarts) == ("clients", 1, None, 0, 0)
    second = await stage.reads.save_clients(first, 4, CLIENTS[:2])
    assert (second.list, second.next_page, second.record_count, second.rows) == ("clients", 2, 4, 2)
    assert await stage.reads.begin(READ, PARTNER, TENANT) == second
    licences = await stage.reads.save_clients(second, 4, CLIENTS[1:])  # pages may overlap
    assert (licences.list, licences.next_page, licences.record_count, licences.rows) == ("licences", 1, None, 0)
    complete = await stage.reads.save_licences(licences, 1, [seen(1)])
    assert (complete.list, complete.rows) == ("complete", 0)
    assert await stage.reads.begin(READ, PARTNER, TENANT) == complete


async def test_a_page_that_contradicts_the_ones_before_it_is_not_kept(stage: Stage) -> None:
    progress = await stage.reads.begin(READ, PARTNER, TENANT)
    progress = await stage.reads.save_clients(progress, 4, CLIENTS[:2])
    for record_count, page in ((5, CLIENTS[2:]), (4, CLIENTS[:2]), (4, [])):
        with pytest.raises(IncompleteReadError):
            await stage.reads.save_clients(progress, record_count, page)
    assert await stage.reads.begin(READ, PARTNER, TENANT) == progress
    assert (await stage.reads.save_clients(progress, 4, CLIENTS[2:])).list == "licences"


async def test_who_was_overtaken_changes_nothing(stage: Stage) -> None:
    first = await stage.reads.begin(READ, PARTNER, TENANT)
    second = await stage.reads.save_clients(first, 4, CLIENTS[:2])
    with pytest.raises(ReadTakenOverError):
        await stage.reads.save_clients(first, 4, CLIENTS[:2])
    licences = await stage.reads.save_clients(second, 4, CLIENTS[2:])
    await stage.reads.save_licences(licences, 2, [seen(1)])
    with pytest.raises(ReadTakenOverError):
        await stage.reads.save_licences(licences, 2, [seen(1)])
    assert (await stage.reads.begin(READ, PARTNER, TENANT)).rows == 1


async def test_a_read_begins_again_once_for_each_contradiction(stage: Stage) -> None:
    first = await stage.reads.begin(READ, PARTNER, TENANT)
    await stage.reads.save_clients(first, 4, CLIENTS[:2])
    assert await stage.reads.restart(first) == 1
    with pytest.raises(ReadTakenOverError):
        await stage.reads.restart(first)
    with pytest.raises(ReadTakenOverError):
        await stage.reads.save_clients(first, 4, CLIENTS)
    again = await stage.reads.begin(READ, PARTNER, TENANT)
    assert (again.list, again.next_page, again.record_count, again.rows, again.restarts) == ("clients", 1, None, 0, 1)
    assert (await stage.reads.save_clients(again, 4, CLIENTS)).list == "licences"


async def test_a_read_that_was_never_begun_cannot_begin_again(stage: Stage) -> None:
    progress = await stage.reads.begin(READ, PARTNER, TENANT)
    with pytest.raises(ReadTakenOverError):
        await stage.reads.restart(type(progress)(UUID(int=8), PARTNER, TENANT, "clients", 1, None, 0, 0))


async def test_a_complete_read_is_compared_with_the_last_one(stage: Stage) -> None:
    run_id = await claimed(stage, CLAIM)
    progress = await read(stage, run_id, CLIENTS[:2], [seen(1), seen(2), seen(3), seen(4, deleted=True)])
    assert await stage.reads.compare(progress) == Comparison(0, 2, known=0, missing=0, observed=3)
    await stage.runs.planning(run_id, CLAIM)
    await stage.plans.store(
        progress, CLAIM, await stage.plans.settings(PARTNER), Plan([], 0, 0), list[Batch](), apply=True
    )
    assert (await stage.run(run_id))[0] == "succeeded"
    later = await read(stage, await claimed(stage, CLAIM), CLIENTS[:1], [seen(1), seen(2, deleted=True), seen(5)])
    assert await stage.reads.compare(later) == Comparison(2, 1, known=3, missing=2, observed=2)
