"""The sandbox's faults of lists: empty, short, shifted, or with a count that changes (messaging-facts section 6.5)."""

from collections.abc import AsyncIterator

import pytest
from halo_sandbox.testing import RunningSandbox, RunningTenant

CLIENTS = [{"id": 1, "name": "Contoso"}]
LICENCES = [{"id": n, "client_id": 1, "name": f"P-{n}", "count": n} for n in range(1, 8)]


@pytest.fixture
async def halo(sandbox: RunningSandbox) -> AsyncIterator[RunningTenant]:
    async with sandbox.tenant(clients=CLIENTS, licences=LICENCES) as tenant:
        yield tenant


async def page(halo: RunningTenant, page_no: int = 1) -> tuple[int, list[int]]:
    """What a page says: record_count and ids."""
    query: dict[str, str | int] = {"pageinate": "true", "page_size": 3, "page_no": page_no}
    answer = (await halo.http.get("/api/SoftwareLicence", params=query)).json()
    return answer["record_count"], [row["id"] for row in answer["licences"]]


async def test_a_list_may_be_empty(halo: RunningTenant) -> None:
    await halo.admin.add_fault(halo.name, empty_list=True)
    assert await page(halo) == (0, [])
    assert await page(halo) == (7, [1, 2, 3])


async def test_a_list_may_be_short_of_rows(halo: RunningTenant) -> None:
    await halo.admin.add_fault(halo.name, match={"nth": 2}, short_list=1)
    assert [await page(halo, n) for n in (1, 2, 3)] == [(7, [1, 2, 3]), (7, [4, 5]), (7, [7])]


async def test_the_count_may_change_between_pages(halo: RunningTenant) -> None:
    await halo.admin.add_fault(halo.name, match={"nth": 2}, times=None, changing_count=-2)
    assert [(await page(halo, n))[0] for n in (1, 2, 3)] == [7, 5, 3]


@pytest.mark.parametrize(
    ("shift", "pages"),
    [("repeat", [[1, 2, 3], [3, 4, 5], [6, 7]]), ("omit", [[1, 2, 3], [5, 6, 7], []])],
)
async def test_pages_may_shift_so_that_a_row_repeats_or_is_omitted(
    halo: RunningTenant, shift: str, pages: list[list[int]]
) -> None:
    await halo.admin.add_fault(halo.name, times=None, shift_pages=shift)
    assert [(await page(halo, n))[1] for n in (1, 2, 3)] == pages
