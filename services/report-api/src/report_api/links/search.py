"""Finding what a row may lead to: while a person types, and as a suggestion."""

from collections.abc import Iterable, Sequence

from halosync.domain.names import name_key
from halosync.domain.natural_order import natural_parts
from halosync.domain.suggestions import LIMIT, Suggestion, Suggestions

from report_api.links.kind import Candidate

MOST = 20


def find(candidates: Iterable[Candidate], q: str, *, companies: bool = False, most: int = MOST) -> Sequence[Candidate]:
    """Return the candidates that `q` may mean: by id, equal, beginning so, with such a word, holding it.

    Where there is none, those that are alike: `q` may be misspelt. Without `q` the first by name. `q` may be an id,
    with or without `#`.
    """
    wanted = name_key(q)
    every = list(candidates)
    ranked = sorted(
        (rank, natural_parts(key), number or 0, name, number)
        for number, name in every
        if (rank := _rank(number, key := name_key(name), wanted)) is not None
    )
    found = [(number, name) for *_, name, number in ranked[:most]]
    return found or [(each.id, each.name) for each in Suggestions(every, companies=companies).best(q, limit=most)]


def suggest(candidates: Suggestions, names: Iterable[str | None]) -> list[Suggestion]:
    """Return the candidates most like any of `names`, best first, at most `LIMIT`.

    Comparing with thousands takes long: use a thread.
    """
    scores: dict[tuple[int | None, str], int] = {}
    for name in names:
        for found in candidates.best(name, limit=LIMIT) if name else ():
            key = (found.id, found.name)
            scores[key] = max(found.score, scores.get(key, 0))
    ranked = sorted(scores.items(), key=lambda entry: (-entry[1], entry[0][1], entry[0][0] or 0))
    return [Suggestion(number, name, score) for (number, name), score in ranked[:LIMIT]]


def _rank(number: int | None, key: str, wanted: str) -> int | None:
    if not wanted:
        return 0
    if number is not None and wanted.removeprefix("#") == str(number):
        return 0
    if key == wanted:
        return 1
    if key.startswith(wanted):
        return 2
    if f" {wanted}" in key:
        return 3
    return 4 if wanted in key else None
