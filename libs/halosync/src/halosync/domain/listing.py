"""How a sentence lists things, and takes in the words of somebody else."""

from collections.abc import Iterable

_SHOWN = 20
"""How many a sentence lists before it says how many more there are."""


def listed(words: Iterable[object]) -> str:
    """Return `words` beside each other, and of many how many more there are."""
    every = [str(word) for word in words]
    more = len(every) - _SHOWN
    return ", ".join(every) if more <= 0 else f"{', '.join(every[:_SHOWN])} and {more} more"


def counted(number: int, one: str) -> str:
    """Return how many things there are: `1 line`, `1,200 lines`."""
    return f"{number:,} {one if number == 1 else one + 's'}"


def are(number: int) -> str:
    """Return the verb behind a count: is, or are."""
    return "is" if number == 1 else "are"


def ids(numbers: Iterable[int]) -> str:
    """Return the ids of clients or licences in Halo, as pages show them: `#7, #8`."""
    return listed(f"#{number}" for number in numbers)


def ended(words: str) -> str:
    """Return the words of Halo or of a machine as a sentence: with a full stop, unless they end one by themselves."""
    words = words.rstrip()
    return f"{words}." if words.rstrip("\"')]")[-1:] not in {".", "!", "?", "…", ""} else words
