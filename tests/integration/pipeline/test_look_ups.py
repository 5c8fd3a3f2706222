"""What a look-up may be believed: an agent that has lost its sight gets short lists with status 200."""

from typing import Any

import pytest
from halosync.domain.guard import look_up_shrunk

TENANT = "acme"
POST = {"method": "POST", "path": "SoftwareLicence"}
LOOK_UP = {"method": "GET", "path": "SoftwareLicence", "nth": 2}


async def test_a_list_that_lacks_what_is_known_is_not_believed(pipeline: Any) -> None:
    known = [{"client_id": 1, "name": f"P-{n}", "count": 1, "price": 10, "billing_cycle": "Monthly"} for n in range(20)]
    await pipeline.sandbox.admin.add_licences(TENANT, *known)
    await pipeline.sandbox.admin.add_fault(TENANT, match=POST, drop_after=True)
    await pipeline.sandbox.admin.add_fault(TENANT, match=LOOK_UP, empty_list=True)
    await pipeline.invoice([{"product_code": f"P-{n}", "quantity": "1"} for n in range(30)])
    run = await pipeline.sync()
    assert (run["state"], run["created"]) == ("succeeded", 10)
    assert len(await pipeline.licences()) == 30


async def test_without_sight_nothing_is_sent_twice_and_the_items_fail(pipeline: Any) -> None:
    await pipeline.sandbox.admin.add_licences(TENANT, {"client_id": 1, "name": "KEPT", "billing_cycle": "Monthly"})
    await pipeline.pool.execute("UPDATE partner SET cleanup = 'owned'")
    await pipeline.sandbox.admin.add_fault(TENANT, match=POST, drop_after=True)
    await pipeline.sandbox.admin.add_fault(TENANT, match=LOOK_UP, times=None, empty_list=True)
    await pipeline.invoice([{"product_code": "P-1", "quantity": "1"}])
    run = await pipeline.sync()
    assert (run["state"], run["failed"]) == ("partial", 1)
    assert await pipeline.sent("POST") == 1


@pytest.mark.parametrize(
    ("known", "missing", "refused"), [(0, 0, False), (5, 5, True), (5, 4, False), (40, 11, True), (100, 11, False)]
)
def test_how_much_may_be_missing(known: int, missing: int, refused: bool) -> None:
    assert look_up_shrunk(known, missing) is refused
