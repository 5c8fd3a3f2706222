"""One line, two lines: no sentence puts a number before a plural without looking at it (`halosync.domain.listing`)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("libs/halosync/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")])
TEMPLATES = sorted(ROOT.glob("services/*/src/**/*.html"))

_NOUNS = (
    "bytes|cells|changes|clients|columns|connections|customers|exceptions|files|invoices|items|keys|letters|licences|lines|"
    "messages|months|partners|people|products|removals|requests|rows|runs|things"
)
_PLURAL = re.compile(rf"^ (?:(?:accepted|dead|held|other) )?(?:{_NOUNS})\b")
_IN_TEMPLATE = re.compile(rf"(?<! of )\{{\{{(?![^}}]*plural)[^}}]*(?:number|length)[^}}]*\}}\}} (?:{_NOUNS})\b")
_MORE_THAN_ONE = {
    "runs/templates/sync_question.html",
    "months/templates/month_rows.html",
    "invoices/templates/report_lines.html",
}
"""Templates that say such a thing only of several."""
_NEVER_ONE = {"libs/halosync/src/halosync/contracts/invoice_checks.py"}
"""A message that is too large has more bytes than one."""


def counts(tree: ast.AST) -> Iterator[str]:
    """Yield the texts that stand behind a number, where nothing has asked whether it is one."""
    asked = {id(each) for node in ast.walk(tree) if isinstance(node, ast.IfExp) for each in ast.walk(node.orelse)}
    for text in ast.walk(tree):
        if not isinstance(text, ast.JoinedStr) or id(text) in asked:
            continue
        before = ""
        for value, behind in zip(text.values, text.values[1:], strict=False):
            if isinstance(value, ast.Constant):
                before = str(value.value)
            elif isinstance(value, ast.FormattedValue) and isinstance(behind, ast.Constant):
                fixed = isinstance(value.value, ast.Name) and value.value.id.isupper()
                if _PLURAL.match(str(behind.value)) and not before.endswith(" of ") and not fixed:
                    yield f"line {text.lineno}: {ast.unparse(text)}"


def test_no_sentence_says_1_lines() -> None:
    sources = {path.relative_to(ROOT).as_posix(): path for path in SOURCES}
    found = [
        f"{name} {each}"
        for name, path in sources.items()
        if name not in _NEVER_ONE
        for each in counts(ast.parse(path.read_text()))
    ]
    assert not found, "\n".join(found)


def test_no_page_says_1_lines() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in TEMPLATES
        if not any(str(path).endswith(name) for name in _MORE_THAN_ONE)
        for match in _IN_TEMPLATE.finditer(path.read_text())
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ('f"{n} lines"', True),
        ('f"good, {len(x):,} held changes."', True),
        ('f"{n} of {m} lines"', False),
        ('f"at most {MOST} lines"', False),
        ('"this line" if n == 1 else f"{n} lines"', False),
        ("f\"{counted(n, 'line')}\"", False),
    ],
)
def test_what_is_looked_for(source: str, *, wrong: bool) -> None:
    assert bool(list(counts(ast.parse(source)))) is wrong
