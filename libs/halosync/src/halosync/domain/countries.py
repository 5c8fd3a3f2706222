"""The countries whose public holidays are known, with their names in English."""

import re
from functools import cache
from importlib import import_module

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SMALL = re.compile(r"\b(And|Of|The)\b")
_NAMES = {
    "AX": "Åland Islands",
    "BL": "Saint Barthélemy",
    "BQ": "Bonaire, Sint Eustatius and Saba",
    "CC": "Cocos (Keeling) Islands",
    "CD": "Congo, Democratic Republic of the",
    "CG": "Congo, Republic of the",
    "CI": "Côte d'Ivoire",
    "CW": "Curaçao",
    "GW": "Guinea-Bissau",
    "HM": "Heard Island and McDonald Islands",
    "RE": "Réunion",
    "SH": "Saint Helena, Ascension and Tristan da Cunha",
    "ST": "São Tomé and Príncipe",
    "SY": "Syria",
    "TL": "Timor-Leste",
    "TR": "Türkiye",
}
"""Names that the holiday package spells without accents, commas or spaces."""


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """Return code and name of each country, by name. The codes are ISO 3166 alpha-2, as the setting has them."""
    known = import_module("holidays").list_supported_countries(include_aliases=False)  # as in invoice_day: 5 MB
    registered = import_module("holidays.registry").COUNTRIES.values()
    listed = ((code, _NAMES.get(code) or _spelt(name)) for name, code, *_ in registered if code in known)
    return tuple(sorted(listed, key=lambda country: country[1].replace("Å", "A").replace("ü", "u")))


def country_name(code: str) -> str:
    """Return the name of a country; a code that is not known is shown as it is."""
    return dict(countries()).get(code, code)


def _spelt(name: str) -> str:
    """Return the words of a class name: `IsleOfMan` is Isle of Man."""
    return _SMALL.sub(lambda small: small.group().lower(), _WORDS.sub(" ", name))
