"""OAuth scopes: which exist, which are granted, what they allow (halo-api section 1)."""

import re
from collections.abc import Iterable

READ_CLIENTS = "read:customers"
READ_LICENCES = "read:softwarelicensing"
EDIT_LICENCES = "edit:softwarelicensing"
OFFLINE = "offline_access"
EVERYTHING = "all"

_KNOWN = re.compile(r"all|all:standard|offline_access|(read|edit):[a-z]+")


def parse(text: str) -> frozenset[str] | None:
    """The scopes of a space-separated list; None when it is empty or holds one that Halo does not know."""
    asked = frozenset(text.split())
    return asked if asked and all(_KNOWN.fullmatch(scope) for scope in asked) else None


def granted(asked: frozenset[str], most: Iterable[str] | None) -> frozenset[str]:
    """What is granted of what is asked, when an administrator allows at most these (None: everything)."""
    if most is None:
        return asked
    allowed = frozenset(most)
    if EVERYTHING in allowed:
        return asked
    named = (asked | allowed) - {OFFLINE}
    return asked & {OFFLINE} | {scope for scope in named if allows(asked, scope) and allows(allowed, scope)}


def allows(scopes: frozenset[str], scope: str) -> bool:
    """Whether a token with these scopes may do what needs that one; `all` may do everything, and who edits may read.

    The latter was seen (halo-api section 5).
    """
    return not scopes.isdisjoint({scope, scope.replace("read:", "edit:", 1), EVERYTHING})


def text(scopes: frozenset[str]) -> str:
    """The scopes as a token answer lists them."""
    return " ".join(sorted(scopes))
