"""Rows of a customer that differ for one reason: accepted with one note, taken back at once (spec section 11)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from halosync.domain.month import MonthReason
from halosync.ports.months import MonthItem, RowsTogether

_LEFT_TO_A_SYNC = {MonthReason.NOT_SYNCHRONISED, MonthReason.IN_PROGRESS}
"""What the next Sync puts right is accepted one by one at most."""


@dataclass(frozen=True, slots=True)
class RowsAlike:
    """Rows of a customer and a reason that nobody has accepted yet; or that somebody accepted together.

    `first`: one of them, which says whose they are, why they differ, and who accepted them when.
    """

    first: MonthItem
    rows: RowsTogether

    @property
    def accepted_at(self) -> datetime | None:
        """When they were accepted; None: they wait."""
        return self.first.accepted_at


def rows_alike(rows: Sequence[MonthItem]) -> Sequence[RowsAlike]:
    """Return those of several things among `rows`, which are all of their customers, those that wait first.

    What is shared with another customer is accepted alone: an acceptance is for all that share it.
    """
    found: dict[tuple[datetime | None, str, str], list[MonthItem]] = defaultdict(list)
    for row in rows:
        if row.reason is None or row.shared:
            continue
        if row.accepted_at or (row.waits_for_word and row.reason not in _LEFT_TO_A_SYNC):
            found[row.accepted_at, row.customer_id, row.reason].append(row)
    made = [RowsAlike(each[0], RowsTogether.of(each)) for each in found.values()]
    return sorted((each for each in made if each.rows.count > 1), key=lambda each: each.accepted_at is not None)
