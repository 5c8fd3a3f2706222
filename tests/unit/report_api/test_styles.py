"""What the tests of the browser take for granted of the style sheets."""

import re
from pathlib import Path

import pytest
import report_api.web
from report_api.web.rendering import SYMBOLS

SHEETS = {sheet.name: sheet.read_text("utf-8") for sheet in Path(report_api.web.__path__[0], "static").glob("*.css")}
DARK = re.compile(r"@media [^{]*prefers-color-scheme[^{]*\{(.*?)\n\}", re.DOTALL)


@pytest.mark.parametrize("name", SHEETS)
def test_dark_colours_are_other_values_and_no_other_rules(name: str) -> None:
    """Whatever does not depend on colours is the same in dark: `accessible_in_both_colours` looks at it once."""
    parts = DARK.findall(SHEETS[name])
    assert len(parts) == SHEETS[name].count("prefers-color-scheme")
    for part in parts:
        (rule,) = re.findall(r"\s*:root \{(.*)\}\s*", part, re.DOTALL)
        assert re.fullmatch(r"(\s*--[\w-]+: (#[0-9a-f]+|none);)+\s*", rule)


def test_some_have_dark_colours() -> None:
    assert {"portal.css", "history.css"} <= {name for name, text in SHEETS.items() if DARK.search(text)}


def test_a_badge_does_not_depend_on_its_colour() -> None:
    """Its symbol is made by the style sheet, also where a browser knows no other text for content."""
    content = re.compile(r'^\.badge(?:\.(\w+))?::before \{ content: "(.)"; content: "\2" / "";', re.MULTILINE)
    of_kind = dict(content.findall(SHEETS["portal.css"]))
    assert {kind: of_kind.get(kind, of_kind[""]) for kind in SYMBOLS} == SYMBOLS
