"""One suite for the store of reads under way and its double: page by page, by one process at a time."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from halosync.domain.batching import Batch
from halosync.domain.completeness import IncompleteReadError, Pages
from halosync.domain.guard import Comparison
from halosync.domain.model import Client, Licence, SeenLicence
from halosync.domain.page_size import PageSize
from halosync.domain.plan import Plan
from halosync.ports.reads import ReadProgress, ReadTakenOverError

from .stages import MOST_ROWS as MOST
from .stages import PARTNER, TENANT, Stage, claimed, read, save_clients, save_licences

READ, CLAIM = UUID(int=7), UUID(int=101)
CLIENTS = [Client(number, f"Client {number}", inactive=False) for number in range(1, 5)]


def seen(number: int, *, client_id: int = 1, deleted: bool = False) -> SeenLicence:
    licence = Licence(
        number, client_id, f"P-{number}", Decimal(1), Decimal("10.00"), None, "Monthly", is_active=not deleted
    )
    return SeenLicence(licence, deleted=deleted)


async def test_a_read_goes_on_where_it_stopped_list_by_list(stage: Stage) -> None:
    first = await stage.reads.begin(READ, PARTNER, TENANT)
    assert (first.list, first.client_id, first.pages, first.step, first.restarts) == ("clients", None, None, 0, 0)
    second = await save_clients(stage, first, CLIENTS[:3], 4, size=3)
    assert (second.list, second.step) == ("clients", 1)
    assert second.pages == Pages(size=3, next=2, rows=3, record_count=4, fullest=3, first_id=1)
    assert await stage.reads.begin(READ, PARTNER, TENANT) == second
    looking_through = await save_clients(stage, second, CLIENTS[2:], 4)  # pages may overlap
    assert (looking_through.list, looking_through.pages and looking_through.pages.looked_through) == ("clients", 0)
    licences = await save_clients(stage, looking_through, CLIENTS, 4)
    assert (licences.list, licences.pages, licences.step) == ("licences", None, 3)
    proving = await save_licences(stage, licences, [seen(1)], 1)
    assert (proving.list, proving.step) == ("licences", 4)
    complete = await save_licences(stage, proving, [], 1)
    assert (complete.list, complete.pages) == ("complete", None)
    assert await stage.reads.begin(READ, PARTNER, TENANT) == complete


async def test_what_is_as_known_is_not_looked_through_once_more(stage: Stage) -> None:
    licences = [seen(number) for number in range(1, 5)]
    run_id = await claimed(stage, CLAIM)
    await kept(stage, run_id, await read(stage, run_id, CLIENTS, licences))

    async def looked_through(*rows: SeenLicence, clients: list[Client] = CLIENTS) -> bool:
        run_id = await claimed(stage, CLAIM)
        progress = await stage.reads.begin(run_id, PARTNER, TENANT)
        for page in (clients[:3], clients[3:]):
            progress = await save_clients(stage, progress, page, len(clients), size=3)
        if progress.list == "licences":
            for part in (rows[:3], rows[3:]):
                progress = await save_licences(stage, progress, list(part), len(rows), size=3)
        await stage.runs.fail(run_id, CLAIM, "test", "test", missing=None)
        return progress.list != "complete"

    assert not await looked_through(*licences)
    assert await looked_through(*licences[:3], seen(5))
    assert await looked_through(*licences, seen(5))
    assert await looked_through(*licences, clients=[*CLIENTS[:3], Client(9, "Another")])


async def test_a_page_that_contradicts_the_ones_before_it_is_not_kept(stage: Stage) -> None:
    progress = await stage.reads.begin(READ, PARTNER, TENANT)
    progress = await save_clients(stage, progress, CLIENTS[:3], 4, size=3)
    for record_count, page in ((5, CLIENTS[2:]), (4, CLIENTS[1:3]), (4, [])):
        with pytest.raises(IncompleteReadError):
            await save_clients(stage, progress, page, record_count)
    assert await stage.reads.begin(READ, PARTNER, TENANT) == progress
    progress = await save_clients(stage, progress, CLIENTS[3:], 4)
    with pytest.raises(IncompleteReadError):
        await save_clients(stage, progress, [Client(9, "Passed over")], 4)
    assert (await save_clients(stage, progress, CLIENTS, 4)).list == "licences"


async def test_a_list_that_ignores_the_number_of_the_page_is_read_client_by_client(stage: Stage) -> None:
    progress = await stage.reads.begin(READ, PARTNER, TENANT)
    progress = await save_clients(stage, await save_clients(stage, progress, CLIENTS[:2], 2), [], 2)
    stranger = seen(8, client_id=99)  # of a client that Halo does not list
    first_page = [seen(1), seen(2), stranger]
    for _ in range(2):
        progress = await save_licences(stage, progress, first_page, 4, size=3)
    of_client = Pages(MOST, fullest=3, widened=3, counts_all=True)
    assert (progress.list, progress.client_id, progress.pages) == ("licences", 2, of_client)
    assert await stage.reads.begin(READ, PARTNER, TENANT) == progress
    progress = await save_licences(stage, progress, [seen(9, client_id=2)], 1)
    assert progress.client_id == 1
    progress = await save_licences(stage, progress, [seen(1), seen(4)], 2)
    assert (progress.list, progress.client_id, progress.pages) == ("complete", None, None)
    # 1, 4 and 9 of their clients' lists, 8 of the list of all; 2 has gone meanwhile.
    assert (await stage.reads.compare(progress)).observed == 4


async def test_of_a_licence_that_a_page_has_twice_the_first_row_counts(stage: Stage) -> None:
    progress = await stage.reads.begin(READ, PARTNER, TENANT)
    progress = await save_clients(stage, await save_clients(stage, progress, CLIENTS[:2], 2), [], 2)
    progress = await save_licences(stage, progress, [seen(1), seen(1, deleted=True), seen(2)], 2, size=3)
    progress = await save_licences(stage, progress, [], 2, size=3)
    assert progress.list == "complete"
    assert (await stage.reads.compare(progress)).observed == 2


async def by_client(stage: Stage, of_client_2: list[SeenLicence], said: int, read_id: UUID = READ) -> ReadProgress:
    """Read a list that ignores the number of the page: licence 1 is client 1's, 9 was client 2's."""
    progress = await stage.reads.begin(read_id, PARTNER, TENANT)
    progress = await save_clients(stage, await save_clients(stage, progress, CLIENTS[:2], 2), [], 2)
    for _ in range(2):
        progress = await save_licences(stage, progress, [seen(1), seen(9, client_id=2)], said, size=2)
    progress = await save_licences(stage, progress, [seen(1)], 1)
    return await save_licences(stage, progress, of_client_2, len(of_client_2))


async def test_a_client_whose_licences_vanish_between_two_lists_is_not_believed(stage: Stage) -> None:
    with pytest.raises(IncompleteReadError, match="showed licences of client 2, and then none"):
        await by_client(stage, [], 4)


async def test_clients_that_show_fewer_licences_than_there_are_and_not_all_of_page_1_are_not_believed(
    stage: Stage,
) -> None:
    with pytest.raises(IncompleteReadError, match="said 4 licences and showed 2"):
        await by_client(stage, [seen(10, client_id=2)], 4)


async def kept(stage: Stage, run_id: UUID, progress: ReadProgress) -> None:
    """Make a read the last one that is known."""
    await stage.runs.planning(run_id, CLAIM)
    settings = await stage.plans.settings(PARTNER)
    await stage.plans.store(progress, CLAIM, settings, Plan([], 0, 0), list[Batch](), apply=True)


async def test_licences_that_halo_counts_and_shows_nowhere_are_told_once(stage: Stage) -> None:
    run_id = await claimed(stage, CLAIM)
    progress = await by_client(stage, [seen(9, client_id=2)], 14, run_id)
    assert progress.list == "complete"
    assert await stage.reads.compare(progress) == Comparison(0, 2, 0, 0, observed=2, by_client=True, unshown=12)
    await kept(stage, run_id, progress)
    again = await by_client(stage, [seen(9, client_id=2)], 15)
    assert await stage.reads.compare(again) == Comparison(2, 2, 2, 0, observed=2, by_client=True, unshown=1)
    of_one_list = await read(stage, await claimed(stage, CLAIM), CLIENTS[:2], [seen(1), seen(9, client_id=2)])
    assert await stage.reads.compare(of_one_list) == Comparison(2, 2, 2, 0, observed=2)


async def test_clients_of_which_page_1_showed_licences_are_read_last(stage: Stage) -> None:
    progress = await stage.reads.begin(READ, PARTNER, TENANT)
    progress = await save_clients(stage, await save_clients(stage, progress, CLIENTS[:3], 3), [], 3)
    for _ in range(2):
        progress = await save_licences(stage, progress, [seen(1), seen(2, client_id=3)], 3, size=2)
    order = [progress.client_id]
    for rows in ([], [seen(1)], [seen(2, client_id=3)]):
        progress = await save_licences(stage, progress, rows, len(rows))
        order.append(progress.client_id)
    assert order == [2, 1, 3, None]


async def test_of_one_list_clients_that_have_lost_several_licences_are_told(stage: Stage) -> None:
    run_id = await claimed(stage, CLAIM)
    of_2 = [seen(n, client_id=2) for n in (2, 3)]
    of_9 = [seen(n, client_id=9) for n in (4, 5)]
    await kept(stage, run_id, await read(stage, run_id, CLIENTS, [seen(1), *of_2, seen(6, client_id=3), *of_9]))
    later = await read(stage, await claimed(stage, CLAIM), CLIENTS, [seen(1)])
    assert await stage.reads.compare(later) == Comparison(4, 4, known=6, missing=5, observed=1, emptied=1)


async def test_a_client_that_has_no_licence_any_more_is_told_where_each_has_a_list(stage: Stage) -> None:
    run_id = await claimed(stage, CLAIM)
    progress = await read(stage, run_id, CLIENTS[:2], [seen(1), seen(7, client_id=2), seen(8, client_id=3)])
    await kept(stage, run_id, progress)
    later = await stage.reads.begin(READ, PARTNER, TENANT)
    later = await save_clients(stage, await save_clients(stage, later, CLIENTS[:2], 2), [], 2)
    strangers = [seen(80, client_id=99), seen(81, client_id=98)]
    for _ in range(2):
        later = await save_licences(stage, later, [seen(1), *strangers], 4, size=3)
    later = await save_licences(stage, await save_licences(stage, later, [seen(1), seen(2)], 2), [], 0)
    assert await stage.reads.compare(later) == Comparison(2, 2, 3, missing=2, observed=4, emptied=1, by_client=True)


async def test_who_was_overtaken_changes_nothing(stage: Stage) -> None:
    first = await stage.reads.begin(READ, PARTNER, TENANT)
    second = await save_clients(stage, first, CLIENTS[:3], 4, size=3)
    with pytest.raises(ReadTakenOverError):
        await save_clients(stage, first, CLIENTS[:3], 4, size=3)
    licences = await save_clients(stage, await save_clients(stage, second, CLIENTS[3:], 4), CLIENTS, 4)
    await save_licences(stage, licences, [seen(1)], 2, size=1)
    with pytest.raises(ReadTakenOverError):
        await save_licences(stage, licences, [seen(1)], 2, size=1)
    now = (await stage.reads.begin(READ, PARTNER, TENANT)).pages
    assert now is not None
    assert now.rows == 1


async def test_a_read_begins_again_once_for_each_contradiction(stage: Stage) -> None:
    first = await stage.reads.begin(READ, PARTNER, TENANT)
    await save_clients(stage, first, CLIENTS[:2], 4, size=2)
    assert await stage.reads.restart(first) == 1
    with pytest.raises(ReadTakenOverError):
        await stage.reads.restart(first)
    with pytest.raises(ReadTakenOverError):
        await save_clients(stage, first, CLIENTS, 4)
    again = await stage.reads.begin(READ, PARTNER, TENANT)
    assert (again.list, again.pages, again.step, again.restarts) == ("clients", None, 0, 1)
    assert (await save_clients(stage, await save_clients(stage, again, CLIENTS, 4), [], 4)).list == "licences"


async def test_a_read_that_was_never_begun_cannot_begin_again(stage: Stage) -> None:
    progress = await stage.reads.begin(READ, PARTNER, TENANT)
    with pytest.raises(ReadTakenOverError):
        await stage.reads.restart(replace(progress, read_id=UUID(int=8)))


async def test_what_was_learnt_of_pages_is_of_one_tenants_list(stage: Stage) -> None:
    assert await stage.page_sizes.learnt(TENANT, "clients") is None
    await stage.page_sizes.learn(TENANT, "clients", PageSize(400))
    await stage.page_sizes.learn(TENANT, "clients", PageSize(200, 200))
    assert await stage.page_sizes.learnt(TENANT, "clients") == PageSize(200, 200)
    assert await stage.page_sizes.learnt(TENANT, "licences") is None


async def test_a_complete_read_is_compared_with_the_last_one(stage: Stage) -> None:
    run_id = await claimed(stage, CLAIM)
    progress = await read(stage, run_id, CLIENTS[:2], [seen(1), seen(2), seen(3), seen(4, deleted=True)])
    assert await stage.reads.compare(progress) == Comparison(0, 2, known=0, missing=0, observed=3)
    await kept(stage, run_id, progress)
    assert (await stage.run(run_id))[0] == "succeeded"
    later = await read(stage, await claimed(stage, CLAIM), CLIENTS[:1], [seen(1), seen(2, deleted=True), seen(5)])
    assert await stage.reads.compare(later) == Comparison(2, 1, known=3, missing=2, observed=2)
