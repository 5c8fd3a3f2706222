"""The reasons of a page of rows, each said once above them: a row says what is its own (spec section 11, tables).

A reason is a name and sentences. Where rows of several customers have it, the sentences that all of them share stand
above the table; what is left for a row are those between.
"""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")

SEVERAL = 3
"""From this many customers on a reason is said once above them, and not at each."""

_SENTENCE = re.compile(r"(?<=[.!?]) ")


@dataclass(frozen=True, slots=True)
class Told(Generic[Row]):
    """A row that has a reason: whose it is, the reason's name, and its sentences."""

    row: Row
    customer: Hashable
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class SharedReason(Generic[Row]):
    """A reason that stands above rows.

    Attributes:
        name: what it is called.
        text: the sentences that the rows share; "" where they share none.
        row: one of them: what corrects it corrects them all.
    """

    name: str
    text: str
    row: Row


@dataclass(frozen=True, slots=True)
class SharedReasons(Generic[Row]):
    """The reasons that stand above a page of rows, in the order of the rows."""

    above: Sequence[SharedReason[Row]]
    shared: Mapping[str, tuple[int, int]]

    def own(self, name: str, text: str) -> str:
        """Return what a row says for itself: its sentences without those that stand above."""
        if name not in self.shared:
            return text
        first, last = self.shared[name]
        pieces = _sentences(text)
        return " ".join(pieces[first : len(pieces) - last])


def shared_reasons(told: Iterable[Told[Row]]) -> SharedReasons[Row]:
    """Return what stands above rows: the reasons that several customers have."""
    of_name: dict[str, list[Told[Row]]] = defaultdict(list)
    for each in told:
        of_name[each.name].append(each)
    above: list[SharedReason[Row]] = []
    shared = {}
    for name, rows in of_name.items():
        if len({each.customer for each in rows}) >= SEVERAL:
            texts = [_sentences(text) for text in dict.fromkeys(each.text for each in rows)]
            first, last = _common(texts)
            words = [*texts[0][:first], *texts[0][len(texts[0]) - last :]]
            above.append(SharedReason(name, " ".join(words), rows[0].row))
            shared[name] = (first, last)
    return SharedReasons(above, shared)


def _sentences(text: str) -> Sequence[str]:
    """Return the sentences of a text. A full stop in quotes, as in a name, ends none."""
    sentences: list[str] = []
    for piece in _SENTENCE.split(text):
        if sentences and sentences[-1].count('"') % 2:
            sentences[-1] += f" {piece}"
        else:
            sentences.append(piece)
    return sentences


def _common(texts: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Return how many sentences all texts begin with, and with how many they end."""
    shortest = min(map(len, texts))
    if len(texts) == 1:
        return shortest, 0
    first = _equal(texts, range(shortest))
    return first, _equal(texts, range(-1, -1 - (shortest - first), -1))


def _equal(texts: Sequence[Sequence[str]], places: Iterable[int]) -> int:
    many = 0
    for place in places:
        if len({text[place] for text in texts}) > 1:
            break
        many += 1
    return many
