"""Months that were summed before: while the rows that they are made of are the same versions, so are the sums."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from halosync.ports.months import Month, MonthItem

MOST = 20_000
"""Customers, and rows behind a reason, of all months together: about 20 MB. A month of more is summed each time."""


@dataclass(frozen=True, slots=True)
class _Known:
    version: str
    month: Month
    rows: dict[str, Sequence[MonthItem]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return max(len(self.month.reconciliation.customers), 1) + sum(map(len, self.rows.values()))


class MonthMemory:
    """Months by partner and period, without their closings; those go first that nobody has looked at for longest."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._months: OrderedDict[tuple[str, str], _Known] = OrderedDict()

    def has(self, partner_id: str, period: str) -> bool:
        """Tell whether a month is kept, of whichever version."""
        return (partner_id, period) in self._months

    def known(self, partner_id: str, period: str, version: str) -> Month | None:
        """Return a month that is of this version of its rows; None if it has to be summed."""
        of = self._known(partner_id, period, version)
        return None if of is None else of.month

    def rows(self, partner_id: str, period: str, version: str, reason: str) -> Sequence[MonthItem] | None:
        """Return all rows of a reason, of this version of the month; None if they have to be asked for."""
        of = self._known(partner_id, period, version)
        return None if of is None else of.rows.get(reason)

    def keep(self, partner_id: str, period: str, version: str, month: Month) -> None:
        """Keep a month in the place of what was known of it; one that would put all others away is not kept."""
        self._months.pop((partner_id, period), None)
        made = _Known(version, month)
        if made.size <= self._most:
            self._months[partner_id, period] = made
            self._make_room()

    def keep_rows(self, partner_id: str, period: str, version: str, reason: str, rows: Sequence[MonthItem]) -> None:
        """Keep all rows of a reason with their month, if that is kept; those that would put it away are not."""
        of = self._known(partner_id, period, version)
        if of is not None and of.size + len(rows) <= self._most:
            of.rows[reason] = rows
            self._make_room()

    def _known(self, partner_id: str, period: str, version: str) -> _Known | None:
        of = self._months.get((partner_id, period))
        if of is None or of.version != version:
            return None
        self._months.move_to_end((partner_id, period))
        return of

    def _make_room(self) -> None:
        left = sum(each.size for each in self._months.values())
        while left > self._most:
            _, gone = self._months.popitem(last=False)
            left -= gone.size
