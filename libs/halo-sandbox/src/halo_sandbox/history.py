"""Everything that ever happened to a tenant's licences, and what can be proved from it."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Literal, NamedTuple

from halo_sandbox.model import Licence


class Effect(NamedTuple):
    """One change of one licence."""

    n: int
    """Position in the history, from 1."""
    at: float
    """Seconds since the epoch."""
    request: int | None
    """The request that did it (its `n` in the request log); None: a person working in Halo."""
    effect: Literal["create", "update", "delete"]
    before: Licence | None
    after: Licence


class Duplicate(NamedTuple):
    """A client that at some moment had two licences of one name."""

    client_id: int
    name: str
    ids: tuple[int, ...]
    """The licences alive at once, at the first such moment."""
    at: float
    request: int | None


def name_key(name: str) -> str:
    """What two names share that a person would call the same."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def duplicates(history: Iterable[Effect]) -> list[Duplicate]:
    """Every client and name that ever had two licences at once, active or not, until one was deleted."""
    alive: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    found: dict[tuple[int, str], Duplicate] = {}
    for effect in history:
        before, after = effect.before, effect.after
        if before is not None:
            alive[before.client_id, name_key(before.name)].discard(before.id)
        if after.deleted:
            continue
        key = (after.client_id, name_key(after.name))
        alive[key].add(after.id)
        if len(alive[key]) > 1 and key not in found:
            ids = tuple(sorted(alive[key]))
            found[key] = Duplicate(after.client_id, after.name, ids, effect.at, effect.request)
    return list(found.values())
