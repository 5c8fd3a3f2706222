"""Months that were summed before: while the rows that they are made of are the same versions, so are the sums."""

from collections import OrderedDict
from typing import NamedTuple

from halosync.ports.months import Month

MOST_CUSTOMERS = 20_000
"""Of all months together, about 20 MB; a month of more is summed each time."""


class _Known(NamedTuple):
    version: str
    month: Month

    @property
    def size(self) -> int:
        return max(len(self.month.reconciliation.customers), 1)


class MonthMemory:
    """Months by partner and period, without their closings; those go first that nobody has looked at for longest."""

    def __init__(self, most_customers: int = MOST_CUSTOMERS) -> None:
        self._most = most_customers
        self._months: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._size = 0

    def known(self, partner_id: str, period: str, version: str) -> Month | None:
        """Return a month that is of this version of its rows; None if it has to be summed."""
        of = self._months.get((partner_id, period))
        if of is None or of.version != version:
            return None
        self._months.move_to_end((partner_id, period))
        return of.month

    def keep(self, partner_id: str, period: str, version: str, month: Month) -> None:
        """Keep a month in the place of what was known of it; one that would put all others away is not kept."""
        before = self._months.pop((partner_id, period), None)
        self._size -= before.size if before else 0
        made = _Known(version, month)
        if made.size > self._most:
            return
        self._months[partner_id, period] = made
        self._size += made.size
        while self._size > self._most:
            _, gone = self._months.popitem(last=False)
            self._size -= gone.size
