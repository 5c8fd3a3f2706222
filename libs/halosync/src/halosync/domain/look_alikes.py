"""Names that look alike to people and are not the same name: what differs is invisible or nearly so.

Such a name is never taken for the other one (spec section 3, "Customers"). But a person is told of it, and not advised
to create a second client.
"""

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from halosync.domain.names import name_key

_APOSTROPHES = "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u2018\u2019\u201a\u201b\u2032\uff07"
_HYPHENS = "-\u00ad\u02d7\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_QUOTES = '"\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb'
_SOFT_HYPHEN = "\u00ad"

_PLAIN: Mapping[int, str] = MappingProxyType(
    {
        **{ord(each): "'" for each in _APOSTROPHES},
        **{ord(each): "-" for each in _HYPHENS if each != _SOFT_HYPHEN},
        **{ord(each): '"' for each in _QUOTES},
    }
)


def _is_invisible(character: str) -> bool:
    """Tell whether nobody sees the character: zero-width ones, joiners, marks of direction, the soft hyphen."""
    return unicodedata.category(character) == "Cf"


def look_key(name: str) -> str:
    """Return what two names share that look alike: as `name_key`, without what nobody sees, and with plain marks."""
    # Before `name_key`: NFKC turns some of these marks into a space and a combining mark.
    plain = name.translate(_PLAIN)
    if not plain.isascii():  # no ASCII character is invisible
        plain = "".join(character for character in plain if not _is_invisible(character))
    return name_key(name_key(plain).translate(_PLAIN))


def differences(one: str, other: str) -> list[str]:
    """Say what differs between two names that look alike, in a few words each; empty if it is none of these."""
    found = []
    kinds = (
        ("an invisible character (a zero-width space or the like)", _invisible),
        ("a soft hyphen, which is not shown", lambda name: name.count(_SOFT_HYPHEN)),
        ("another kind of apostrophe", lambda name: _marks(name, _APOSTROPHES)),
        ("another kind of hyphen", lambda name: _marks(name, _HYPHENS.replace(_SOFT_HYPHEN, ""))),
        ("another kind of quotation mark", lambda name: _marks(name, _QUOTES)),
    )
    for words, of in kinds:
        if of(one) != of(other):
            found.append(words)
    return found


def _invisible(name: str) -> list[str]:
    return [character for character in name if _is_invisible(character) and character != _SOFT_HYPHEN]


def _marks(name: str, kind: str) -> list[str]:
    return [character for character in name if character in kind]
