"""Which Halo clients and licence names a partner probably means (spec section 7, customers and products)."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module

from halosync.domain.company_names import without_ending
from halosync.domain.names import name_key

LIMIT = 5
CUTOFF = 60
"""Scores below this are chance: they would suggest a wrong client."""
STRONG = 92
"""Scores below this are weak: a part of a name, or a word that many have. Nobody's tick is set for them."""
_OTHER_ENDING = 97
"""The most for two names that differ in the kind of company, which one of them has and the other lacks."""
_OTHER_COMPANY = 89
"""The most where both have one and they differ: Contoso Ltd and Contoso GmbH are two companies."""
_COMPARED = 200
"""How many characters of a name are compared: the time grows with the product of two lengths."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A candidate and its score, 0 to 100. `id` is a client's id; licence names have none."""

    id: int | None
    name: str
    score: int


class Suggestions:
    """Candidates (id and name), prepared once for as many questions as a page has rows; one that comes twice is one.

    Clients are companies: what they are called is compared without "Ltd", "Pty", "GmbH" and the like, which many have.
    """

    __slots__ = ("_candidates", "_companies", "_compared", "_keys")

    def __init__(self, candidates: Iterable[tuple[int | None, str]], *, companies: bool = False) -> None:
        keyed = sorted(((name_key(name), number or 0, name), number) for number, name in set(candidates))
        self._companies = companies
        self._candidates = [(number, name) for (_, _, name), number in keyed]
        self._keys = [key for (key, _, _), _ in keyed]
        self._compared = [self._part(key) for key in self._keys]

    def best(self, name: str, *, limit: int = LIMIT, cutoff: int = CUTOFF) -> list[Suggestion]:
        """Return at most `limit` candidates that score at least `cutoff`: best first, then by name and id."""
        wanted = name_key(name)
        rapidfuzz = import_module("rapidfuzz")  # a megabyte, for who is asked
        found: list[tuple[str, float, int]] = rapidfuzz.process.extract(
            self._part(wanted), self._compared, scorer=rapidfuzz.fuzz.WRatio, limit=None, score_cutoff=max(cutoff, 1)
        )
        scored = ((self._score(wanted, self._keys[position], score), position) for _, score, position in found)
        ranked = sorted((-score, position) for score, position in scored if score >= cutoff)
        return [Suggestion(*self._candidates[position], -negated) for negated, position in ranked[:limit]]

    def _part(self, key: str) -> str:
        return (without_ending(key)[0] if self._companies else key)[:_COMPARED]

    def _score(self, wanted: str, key: str, score: float) -> int:
        """Return the score of two whole names whose compared parts have that one."""
        if wanted == key or not self._companies:
            return round(score)
        ours, theirs = without_ending(wanted)[1], without_ending(key)[1]
        if ours == theirs:
            return round(score)
        return min(round(score), _OTHER_COMPANY if ours and theirs and not (ours & theirs) else _OTHER_ENDING)
