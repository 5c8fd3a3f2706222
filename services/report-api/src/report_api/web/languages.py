"""The language of the browser that asks: how numbers and dates are written. The words of the pages are English."""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property, lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import get_decimal_symbol, get_group_symbol

MINUS = "\N{MINUS SIGN}"

_WORLD = Locale.parse("en_001")
"""English as most of the world writes it: 5 Nov 2026; 12,345.50."""

_TAG = re.compile(r"([a-z]{2,3})(?:-[a-z]{4})?(?:-([a-z]{2}|\d{3}))?", re.IGNORECASE | re.ASCII)
_MOST_CHARACTERS = 200


@dataclass(frozen=True)
class Spoken:
    """How a person writes numbers, and dates with the English names of months."""

    numbers: Locale
    dates: Locale

    @cached_property
    def signs(self) -> Mapping[int, str]:
        """What stands for the signs of a number that Python wrote; each cell of a table asks for it."""
        return {ord(","): get_group_symbol(self.numbers), ord("."): get_decimal_symbol(self.numbers), ord("-"): MINUS}

    @cached_property
    def dates_tag(self) -> str:
        """The same for scripts: `en-AU`."""
        return str(self.dates).replace("_", "-")


_ANYBODY = Spoken(_WORLD, _WORLD)
_SPOKEN: ContextVar[Spoken | None] = ContextVar("spoken", default=None)


def spoken() -> Spoken:
    """Return how the person writes for whom a page is made."""
    return _SPOKEN.get() or _ANYBODY


def speak(accepted: str) -> None:
    """Write from now on, in this request, as the browser's header Accept-Language says; the first known one counts."""
    _SPOKEN.set(_spoken(accepted[:_MOST_CHARACTERS]))


@lru_cache(maxsize=500)
def _spoken(accepted: str) -> Spoken:
    for part in accepted.split(","):
        match = _TAG.fullmatch(part.partition(";")[0].strip())
        if match is None:
            continue
        language, territory = match[1].lower(), (match[2] or "").upper()
        numbers = _known(language, territory, likely=True) or _known(language)
        if numbers is not None:
            dates = _known("en", territory) if territory else None
            return Spoken(_WORLD if str(numbers) == "en" else numbers, dates or _WORLD)
    return _ANYBODY


def _known(language: str, territory: str = "", *, likely: bool = False) -> Locale | None:
    """Return what is known of a language in a territory; `likely`: in its usual script (zh-TW is zh-Hant-TW)."""
    tag = f"{language}_{territory}" if territory else language
    try:
        return Locale.parse(tag, resolve_likely_subtags=likely)
    except (UnknownLocaleError, ValueError):
        return None
