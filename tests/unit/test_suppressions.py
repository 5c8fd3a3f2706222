"""Every suppression is counted and has its reason beside it: `# noqa: RULE - reason`, `# type: ignore[kind]  # reason`.

When a number is wrong: fewer are welcome, so lower the number. For one more, first look whether its need can go; if it
cannot, write the reason beside it and raise the number. That is a line which a reviewer sees.
"""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from devstack.fields import Fields

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("libs", "services", "tests", "bench", "deploy", "requirements")
PROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
TOOLS: Fields = tomllib.loads(PROJECT)["tool"]
LINT: Fields = TOOLS["ruff"]["lint"]

IN_CODE = {"noqa": 33, "type: ignore": 2, "pragma": 0, "fmt": 0, "ruff": 0, "mypy": 0}
"""How many comments of each kind there are in all Python files."""

RULES_OFF = 39
"""Rules of ruff that are off, everywhere or in a part of the repository."""

MOST_LINES_WITH_ANY = 500

WARNINGS_IGNORED = 1
MODULES_WITHOUT_TYPES = 8

_COMMENT = re.compile(r"# (noqa|type: ignore|pragma|fmt|ruff|mypy)\b(.*)")
_WITH_REASON = re.compile(r": [A-Z]+\d+(?:, [A-Z]+\d+)* - \S.*|\[[a-z-]+\]  # \S.*")


@cache
def comments() -> dict[str, list[tuple[str, str]]]:
    """Return place and text of each suppression, by its kind."""
    found: dict[str, list[tuple[str, str]]] = {kind: [] for kind in IN_CODE}
    for path in sorted(path for part in PARTS for path in (ROOT / part).rglob("*.py")):
        text = path.read_text("utf-8") if path != Path(__file__) else ""
        for comment in _COMMENT.finditer(text):
            line = text.count("\n", 0, comment.start()) + 1
            found[comment[1]].append((f"{path.relative_to(ROOT)}:{line}", comment[2]))
    return found


@pytest.mark.parametrize("kind", IN_CODE)
def test_the_number_of_suppressions_is_known(kind: str) -> None:
    places = [place for place, _ in comments()[kind]]
    assert len(places) == IN_CODE[kind], f"{__doc__}\nNow: {len(places)} of `{kind}`\n" + "\n".join(places)


@pytest.mark.parametrize("kind", IN_CODE)
def test_every_suppression_names_its_rule_and_has_a_reason(kind: str) -> None:
    assert [place for place, said in comments()[kind] if not _WITH_REASON.fullmatch(said)] == []


def test_the_number_of_rules_that_are_off_is_known() -> None:
    off = [*LINT["ignore"], *(rule for rules in LINT["per-file-ignores"].values() for rule in rules)]
    assert len(off) == RULES_OFF, __doc__


def test_the_number_of_ignored_warnings_is_known() -> None:
    filters: list[str] = TOOLS["pytest"]["ini_options"]["filterwarnings"]
    assert filters[0] == "error"
    assert len(filters[1:]) == WARNINGS_IGNORED, __doc__


def test_the_number_of_modules_without_types_is_known() -> None:
    overrides: list[Fields] = TOOLS["mypy"]["overrides"]
    assert [set(override) for override in overrides] == [{"module", "ignore_missing_imports"}]
    assert len(overrides[0]["module"]) == MODULES_WITHOUT_TYPES, __doc__


def test_every_rule_that_is_off_has_a_reason() -> None:
    lists = PROJECT.split("\nignore = [\n", 1)[1].split("[tool.ruff.lint.pydocstyle]", 1)[0]
    rules = [line for line in lists.splitlines() if re.search(r'"[A-Z]+\d*"', line)]
    assert len(rules) == RULES_OFF, "one rule a line"
    assert [line for line in rules if not re.search(r'"\]?,? +# \w', line)] == []


@pytest.mark.parametrize("comment", [": E501 - a reason", ": E501, S603 - a reason", "[arg-type]  # a reason"])
def test_a_suppression_with_a_reason_is_recognised(comment: str) -> None:
    assert _WITH_REASON.fullmatch(comment)


@pytest.mark.parametrize("comment", ["", ": E501", "- a reason", ": E501 -", "[arg-type]", "  # a reason", ": skip"])
def test_a_suppression_without_rule_or_reason_is_recognised(comment: str) -> None:
    assert not _WITH_REASON.fullmatch(comment)


def test_few_lines_say_any_type() -> None:
    """`Any` is for what only its reader knows: JSON, rows, what is replaced in a test. A known shape has its type."""
    files = (path for part in PARTS for path in (ROOT / part).rglob("*.py"))
    lines = [line for path in files for line in path.read_text("utf-8").splitlines() if re.search(r"\bAny\b", line)]
    assert len(lines) <= MOST_LINES_WITH_ANY
