"""How billing cycles are compared: they are free text in Halo and on the invoice (spec section 9, "Settings added")."""

from collections.abc import Mapping

from halosync.domain.names import name_key


def cycle_key(cycle: str | None) -> str:
    """Return what two billing cycles must share to be the same one: case and space do not matter; unset is empty."""
    return name_key(cycle) if cycle else ""


def same_cycle(one: str | None, other: str | None) -> bool:
    """Tell whether two billing cycles are the same one; empty text may come back from Halo as null."""
    return one == other or cycle_key(one) == cycle_key(other)


def words_by_key(billing_cycles: Mapping[str, str]) -> dict[str, str]:
    """Return the partner's table of billing cycles by the key of the invoice's word.

    Of two spellings of one word the one that sorts first counts, so that the order of the table does not matter.
    """
    words: dict[str, str] = {}
    for word in sorted(billing_cycles):
        words.setdefault(cycle_key(word), billing_cycles[word])
    return words
