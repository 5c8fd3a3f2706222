"""How names of customers, clients, products and licences are compared (spec section 3)."""

import unicodedata

_SHORT = 500
_MOST_MARKS = 30
"""More marks on one letter than any language has (Unicode UAX 15, "Stream-Safe Text Format")."""


def name_key(name: str) -> str:
    """Return what two names must share to count as the same name.

    Unicode NFKC, trimmed, white space collapsed, case folded (spec section 3). NFKC is applied a second time
    because case folding can leave a string that is not normalised; so `name_key(name_key(x)) == name_key(x)`.
    """
    if name.isascii():  # NFKC leaves it as it is, and folding is lowering
        return " ".join(name.lower().split())
    folded = _nfkc(name).casefold()
    return " ".join(_nfkc(folded).split())


def _nfkc(text: str) -> str:
    """Return a text in NFKC. Of more marks in a row than `_MOST_MARKS`, a long text keeps the first.

    Python sorts the marks behind a letter in the square of their number: 40 kB of them, in a name that somebody has put
    into Halo or into a file, would hold the process up for seconds.
    """
    return unicodedata.normalize("NFKC", text if len(text) <= _SHORT else _with_few_marks(text))


def _with_few_marks(text: str) -> str:
    kept, marks = [], 0
    for character in text:
        # Counted as Python sorts them: taken apart, so that it is the same for a text that is normalised already.
        are_marks = [unicodedata.combining(part) > 0 for part in unicodedata.normalize("NFKD", character)]
        marks = marks + len(are_marks) if are_marks[0] else sum(are_marks)
        if marks <= _MOST_MARKS or not are_marks[0]:
            kept.append(character)
    return "".join(kept)
