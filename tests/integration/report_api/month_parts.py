"""Parts of a month beside the whole: the rows of one customer, and those of one reason, are summed in other ways."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from halosync.ports.months import MonthItem
from halosync.store.months import MonthStore

if TYPE_CHECKING:
    from tests.integration.conftest import World

_EVERY = 100_000


async def parts_are_the_whole(world: "World") -> None:
    """Compare them for every month that there is."""
    for partner_id, period in await world.pool.fetch("SELECT DISTINCT partner_id, period FROM invoice"):
        months = MonthStore(world.pool)
        whole = await months.items(partner_id, period, most=_EVERY)
        for customer_id in {row.customer_id for row in whole}:
            own = await months.items(partner_id, period, customer_id=customer_id, most=_EVERY)
            assert own == [row for row in whole if row.customer_id == customer_id], customer_id
        for remembered in (False, True):
            for reason in {row.reason for row in whole if row.reason is not None}:
                told = [row for row in whole if row.reason == reason]
                assert await months.items(partner_id, period, reason=reason, most=_EVERY) == told, (reason, remembered)
                assert await _page_by_page(months, partner_id, period, reason, len(told)) == told, (reason, remembered)
            await months.month(partner_id, period)


async def _page_by_page(months: MonthStore, partner_id: str, period: str, reason: str, of: int) -> Sequence[MonthItem]:
    found: list[MonthItem] = []
    after = None
    while page := await months.items(partner_id, period, reason=reason, after=after, most=of // 3 + 1):
        found += page
        after = (page[-1].customer_id, page[-1].item_key, page[-1].cycle_key)
    return found
