"""Which Halo clients and licence names a partner probably means (spec section 7, customers and products)."""

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from halosync.domain.names import name_key

LIMIT = 5
CUTOFF = 60
"""Scores below this are noise: they would put a wrong client under the cursor."""
_COMPARED = 200
"""So many characters of a name are compared: comparing takes the product of two lengths."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A candidate and its score, 0 to 100. `id` is a client's id; licence names have none."""

    id: int | None
    name: str
    score: int


class Suggestions:
    """Candidates (id and name), prepared once for as many questions as a page has rows; one that comes twice is one."""

    __slots__ = ("_candidates", "_keys")

    def __init__(self, candidates: Iterable[tuple[int | None, str]]) -> None:
        keyed = sorted(((name_key(name), number or 0, name), number) for number, name in set(candidates))
        self._candidates = [(number, name) for (_, _, name), number in keyed]
        self._keys = [key[:_COMPARED] for (key, _, _), _ in keyed]

    def best(self, name: str, *, limit: int = LIMIT, cutoff: int = CUTOFF) -> list[Suggestion]:
        """Return at most `limit` candidates that score at least `cutoff`: best first, then by name and id."""
        wanted = name_key(name)[:_COMPARED]
        found = process.extract(wanted, self._keys, scorer=fuzz.WRatio, limit=None, score_cutoff=cutoff)
        ranked = sorted((-round(score), position) for _, score, position in found)
        return [Suggestion(*self._candidates[position], -negated) for negated, position in ranked[:limit]]
