"""A module is short enough to be read in one go."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 250


@pytest.mark.parametrize("part", ["libs", "services", "bench", "requirements", "tests"])
def test_a_module_is_not_long(part: str) -> None:
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in (ROOT / part).rglob("*.py")}
    assert lines
    assert {path.relative_to(ROOT).as_posix(): n for path, n in lines.items() if n > MOST_LINES} == {}
