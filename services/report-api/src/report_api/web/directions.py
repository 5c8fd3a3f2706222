"""Marks in names that turn the direction of what follows them (Unicode UAX 9): they turn nothing behind the name.

Scripts that are written from right to left need none of them; who copies a name out of a document may have one.
"""

import re

_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_EMBEDDINGS, _ISOLATES = "\u202a\u202b\u202d\u202e", "\u2066\u2067\u2068"
_END_OF_EMBEDDING, _END_OF_ISOLATE = "\u202c", "\u2069"


def contained(text: str) -> str:
    """Return a text with an end for each mark in it that turns the direction and has none."""
    if text.isascii():  # nearly every text of a page: each cell of each table comes by here
        return text
    ends: list[str] = []
    isolates = 0
    for mark in _TURNS.findall(text):
        if mark in _EMBEDDINGS:
            ends.append(_END_OF_EMBEDDING)
        elif mark in _ISOLATES:
            ends.append(_END_OF_ISOLATE)
            isolates += 1
        elif mark == _END_OF_EMBEDDING and ends and ends[-1] == mark:
            ends.pop()
        elif mark == _END_OF_ISOLATE and isolates:
            isolates -= 1
            while ends.pop() != mark:  # it also ends what was begun within
                pass
    return text + "".join(reversed(ends))


_ADDED = "\u2060"
"""Stands before the ends that a file adds, is not seen, and tells whoever reads the file what to take away."""


def closed(text: str) -> str:
    """Return a text as `contained` does, but so that `opened` gives back every text as it was."""
    ends = contained(text)[len(text) :]
    return f"{text}{_ADDED}{ends}" if ends or opened(text) != text else text


def opened(text: str) -> str:
    """Return the text that `closed` was given; other texts as they are."""
    before, mark, ends = text.rpartition(_ADDED)
    return before if mark and not ends.strip(_END_OF_EMBEDDING + _END_OF_ISOLATE) else text
