"""Suggestions in the shape of the API."""

from collections.abc import Iterable

from halosync.domain.suggestions import LIMIT, Suggestions

from report_api.links.models import Suggestion


def best(candidates: Suggestions, names: Iterable[str | None]) -> list[Suggestion]:
    """Return the candidates most like any of `names`, best first, at most `LIMIT`."""
    scores: dict[tuple[int | None, str], int] = {}
    for name in names:
        for found in candidates.best(name, limit=LIMIT) if name else ():
            key = (found.id, found.name)
            scores[key] = max(found.score, scores.get(key, 0))
    ranked = sorted(scores.items(), key=lambda entry: (-entry[1], entry[0][1], entry[0][0] or 0))
    return [Suggestion(id=number, name=name, score=score) for (number, name), score in ranked[:LIMIT]]
