"""What stands in the rows of links: who shares what a row leads to, what is suggested, and which of that is sure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from halosync.domain.names import name_key
from halosync.domain.suggestions import STRONG, Suggestion
from halosync.ports.links import Billed, Link, LinkPicture, Target

from report_api.links.changes import pair
from report_api.links.kind import LinkKind, LinkRow
from report_api.links.search import suggest

NOT_BILLED = Billed()


@dataclass(frozen=True, slots=True)
class SuggestedTarget:
    """A suggestion. `pair` is the tick box's value, `hint` says who leads there already; licence names have no id."""

    pair: str
    id: int | None
    name: str
    score: int
    hint: str


@dataclass(frozen=True, slots=True)
class ListEntry(Generic[Link]):
    """A row of the page.

    Attributes:
        row: the customer or product.
        before: the link as shown, for the forms of the row: what has changed meanwhile is not overwritten.
        others: the other rows that lead to the same, as part of a sentence.
        is_new: it is linked to what Halo does not have (yet).
        suggested: best first.
        billed: what the newest month bills of it.
        best: the pair of the suggestion that a tick may be set for without a look at each row; None: there is none. It
            is strong, better than all others, of nobody else, and the best of no other row of the page.
    """

    row: LinkRow[Link]
    before: str
    others: str
    is_new: bool
    suggested: Sequence[SuggestedTarget]
    best: str | None
    billed: Billed


def entries_of(
    kind: LinkKind[Link, Target],
    picture: LinkPicture[Link, Target],
    every: Sequence[LinkRow[Link]],
    shown: Sequence[LinkRow[Link]],
) -> list[ListEntry[Link]]:
    """Return what stands in the shown rows; `every` row decides who serves whom. Use a thread, as for `link_table`."""
    by_place, suggestions = kind.by_place(every), kind.suggestions(picture)
    places = {kind.place(candidate) for candidate in kind.candidates(picture)}
    found = [suggest(suggestions, kind.names(row)) if row.is_unmatched else [] for row in shown]
    best = best_of(kind, every, shown, found)

    def pair_of(row: LinkRow[Link], each: Suggestion) -> str:
        return pair(kind, row.key, (each.id, each.name), picture)

    def entry(row: LinkRow[Link], some: Sequence[Suggestion]) -> ListEntry[Link]:
        place, chosen = kind.taken(row), best.get(row.key)
        return ListEntry(
            row=row,
            before=kind.shown(row.link),
            others=by_place.others(place, row.key).listed,
            is_new=row.matched_by == "link" and place not in places,
            suggested=[
                SuggestedTarget(
                    pair=pair_of(row, each),
                    id=each.id,
                    name=each.name,
                    score=each.score,
                    hint=kind.shared(by_place.others(kind.place((each.id, each.name)), row.key)),
                )
                for each in some
            ],
            best=None if chosen is None else pair_of(row, chosen),
            billed=picture.billed.get(row.key, NOT_BILLED),
        )

    return [entry(row, some) for row, some in zip(shown, found, strict=True)]


def best_of(
    kind: LinkKind[Link, Target],
    every: Iterable[LinkRow[Link]],
    shown: Iterable[LinkRow[Link]],
    found: Iterable[Sequence[Suggestion]],
) -> Mapping[str, Suggestion]:
    """Return, by the keys of the shown rows, the suggestions that may be accepted all at once (`ListEntry.best`).

    A client that another row leads to, or that has the name of a customer that was left out, is nobody's best: a Sync
    would remove from it what only the other one is billed for.
    """
    occupied = {kind.place((row.target_id, row.target_name or "")) for row in every if row.matched_by is not None}
    left_out = {name_key(row.called) for row in every if row.excluded}
    tops = {
        row.key: some[0]
        for row, some in zip(shown, found, strict=True)
        if some and some[0].score >= STRONG and (len(some) == 1 or some[1].score < some[0].score)
    }
    wanted = Counter(kind.place((each.id, each.name)) for each in tops.values())
    return {
        key: each
        for key, each in tops.items()
        if wanted[place := kind.place((each.id, each.name))] == 1
        and place not in occupied
        and name_key(each.name) not in left_out
    }
