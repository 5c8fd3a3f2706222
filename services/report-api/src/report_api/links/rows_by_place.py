"""Which rows lead to one place: customers of one client are taken together, products must not share a licence name."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

SHOWN = 3
"""How many rows a hint names before it says how many more there are."""


@dataclass(frozen=True, slots=True)
class OtherRows:
    """The other rows that lead to the same: some by what they are called, and how many more."""

    names: tuple[str, ...] = ()
    more: int = 0

    def __bool__(self) -> bool:
        return bool(self.names)

    @property
    def listed(self) -> str:
        """Return the rows as part of a sentence; empty without any."""
        if self.more:
            return f"{', '.join(self.names)} and {self.more} more"
        return " and ".join(part for part in (", ".join(self.names[:-1]), *self.names[-1:]) if part)


class RowsByPlace:
    """Which rows a run would lead to the same place: a client, or a licence name (decision 7).

    Made of each row's place, key and what it is called, in the order in which they are named.
    """

    def __init__(self, taken: Iterable[tuple[Hashable | None, str, str]]) -> None:
        self._at: dict[Hashable, list[tuple[str, str]]] = {}
        for place, key, called in taken:
            if place is not None:
                self._at.setdefault(place, []).append((key, called))

    def others(self, place: Hashable | None, key: str | None = None) -> OtherRows:
        """Return who leads to the place, but for the row of that key. Rows of one name are not named twice."""
        here = () if place is None else self._at.get(place, ())
        distinct = list(dict.fromkeys(called for each, called in here if each != key))
        return OtherRows(tuple(distinct[:SHOWN]), max(0, len(distinct) - SHOWN))
