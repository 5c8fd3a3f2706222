"""SECURITY.md says of each finding what mended it and which test does what the attacker did."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_TABLE = "\n## Findings, and the test of each\n"
_TESTS = re.compile(r"`(tests/[\w/]+\.py)`")


def findings() -> list[list[str]]:
    """Return the cells of each row below the head of the table."""
    section = (ROOT / "SECURITY.md").read_text("utf-8").split(_TABLE, 1)[1]
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
