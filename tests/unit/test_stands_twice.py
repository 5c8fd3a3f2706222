"""Where six and more lines of the product stand twice is known: one idea belongs in one place."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("libs/halosync/src", "services")
LEAST = 6

TWICE = {
    # The signature of a method that a Protocol asks for, beside that of the store which has it.
    *(("auth/ports.py", "store/locked_connection.py"), ("halo_writer/ports.py", "store/actions.py")),
    *(("planner/ports.py", "store/plans.py"), ("ports/webhooks.py", "store/webhooks.py")),
    *(("report_api/stores/invoices.py", "store/months.py"), ("report_api/stores/runs.py", "store/run_views.py")),
    # The counters of a run, as arithmetic and as a message; a test compares them.
    ("contracts/run.py", "domain/states.py"),
}
"""Modules that have lines in common, by the names behind `halosync/`, and why."""


def lines_of(source: str) -> Iterator[str]:
    """Yield the lines that say something: without imports, comments and blank lines."""
    within_import = False
    for line in source.splitlines():
        text = line.strip()
        if within_import or text.startswith(("from ", "import ")):
            within_import = text.endswith("(") or (within_import and text != ")")
        elif text and not text.startswith("#"):
            yield text


def twice(sources: dict[str, str]) -> set[tuple[str, str]]:
    """Return the pairs of modules that have `LEAST` lines in common, one behind the other; a module may be its own."""
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for name, source in sources.items():
        lines = list(lines_of(source))
        for at in range(len(lines) - LEAST + 1):
            places[tuple(lines[at : at + LEAST])].append((name, at))
    return {
        (one, other)
        for found in places.values()
        for (one, at), (other, there) in combinations(sorted(found), 2)
        if one != other or there - at >= LEAST
    }


def test_lines_that_stand_twice_are_known() -> None:
    paths = [path for part in PARTS for path in (ROOT / part).rglob("*.py")]
    sources = {path.as_posix().rpartition("/src/")[2].removeprefix("halosync/"): path.read_text() for path in paths}
    assert len(sources) > 400
    assert twice(sources) == TWICE


def test_lines_that_stand_twice_are_found() -> None:
    lines = [f"value_{number} = {number}" for number in range(LEAST)]
    assert twice({"a": "\n".join(lines), "b": "\n\n# why\n".join(["import x", *lines])}) == {("a", "b")}
    assert twice({"a": "\n".join(lines), "b": "\n".join(lines[1:])}) == set()
    assert twice({"a": "\n".join([*lines, "between", *lines])}) == {("a", "a")}
    assert twice({"a": "\n".join(["same"] * (2 * LEAST - 1))}) == set(), "lines are not compared with themselves"
