"""SECURITY.md says of each finding what mended it and which test does what the attacker did."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text("utf-8")
_TABLE = "\n## Findings, and the test of each\n"
_NAMED = re.compile(r"`(tests/[\w/]+\.py)`: `(\w+)`")
_TESTS = re.compile(r"`(tests/[\w/]+\.py)`")


def findings() -> list[list[str]]:
    """Return the cells of each row below the head of the table."""
    section = PAGE.split(_TABLE, 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]


@pytest.mark.parametrize("cells", findings(), ids=lambda cells: cells[0][:60])
def test_a_finding_has_what_mended_it_and_a_test_that_tests(cells: list[str]) -> None:
    finding, mended, tests = cells
    assert finding
    assert mended
    named = _TESTS.findall(tests)
    assert named, "no test is named"
    for path in named:
        assert re.search(r"^(?:async )?def test_\w+", (ROOT / path).read_text("utf-8"), re.MULTILINE), path


def test_the_table_is_found() -> None:
    assert len(findings()) > 30


@pytest.mark.parametrize(("path", "name"), _NAMED.findall(PAGE))
def test_a_test_that_is_named_is_there(path: str, name: str) -> None:
    assert re.search(rf"^(?:async )?def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)
