"""Which rows a list shows, kept in order, so that a page is one slice however many rows there are."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple


class ListKey(NamedTuple):
    """A list that can be asked for: of one client or of all, with the inactive rows or without."""

    client_id: int | None
    include_inactive: bool


class ListIndex:
    """Ordered ids of every list. Adding the newest id is an append, anything else one shift in memory."""

    def __init__(self) -> None:
        self._lists: defaultdict[ListKey, list[int]] = defaultdict(list)

    def ids(self, key: ListKey) -> Sequence[int]:
        """The ids of a list in ascending order: the living list, not a copy; never change it."""
        return self._lists.get(key, ())

    def move(self, row_id: int, *, before: Collection[ListKey], after: Collection[ListKey]) -> None:
        """Take an id out of the lists it is no longer in, and put it into those it is new in."""
        for key in before:
            if key not in after:
                ids = self._lists[key]
                del ids[bisect_left(ids, row_id)]
        for key in after:
            if key not in before:
                ids = self._lists[key]
                if not ids or ids[-1] < row_id:
                    ids.append(row_id)
                else:
                    ids.insert(bisect_left(ids, row_id), row_id)
