"""Finding a Halo client or a licence name while a person types."""

from collections.abc import Iterable, Sequence

from halosync.domain.names import name_key
from halosync.domain.suggestions import Suggestions

MOST = 20

Candidate = tuple[int | None, str]
"""A client's id and name; licence names have no id."""


def find(candidates: Iterable[Candidate], q: str, *, most: int = MOST) -> Sequence[Candidate]:
    """Return the candidates that `q` may mean: by id, equal, beginning so, with such a word, holding it.

    Where there is none, those that are alike: `q` may be misspelt. Without `q` the first by name. `q` may be an id,
    with or without `#`.
    """
    wanted = name_key(q)
    every = list(candidates)
    ranked = sorted(
        (rank, key, number or 0, name, number)
        for number, name in every
        if (rank := _rank(number, key := name_key(name), wanted)) is not None
    )
    found = [(number, name) for *_, name, number in ranked[:most]]
    return found or [(each.id, each.name) for each in Suggestions(every).best(q, limit=most)]


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
