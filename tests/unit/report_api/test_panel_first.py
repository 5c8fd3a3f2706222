"""A page asks for the panel that watches for changes before all else that it shows.

The panel's stream tells what has changed since the panel was read. A run that ends between an older rest of the page
and a newer panel would be told by nobody: the page would say for ever that it is still going on.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import report_api

from tests.sources import tree

PAGES = sorted(Path(report_api.__file__).parent.rglob("*.py"))


def called(node: ast.Await) -> str:
    return ast.unparse(node.value.func) if isinstance(node.value, ast.Call) else ""


def waits(function: ast.AsyncFunctionDef) -> list[str]:
    """Return what a function awaits, in the order of its lines."""
    found = [node for node in ast.walk(function) if isinstance(node, ast.Await)]
    return [called(node) for node in sorted(found, key=lambda node: (node.lineno, node.col_offset))]


def with_panel() -> Iterator[tuple[str, list[str]]]:
    # Each worker comes here when it collects the tests: it parses no file that says nothing of the panel.
    for path in (path for path in PAGES if "sync_panel" in path.read_text("utf-8")):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.AsyncFunctionDef) and "sync_panel" in waits(node):
                yield f"{path.parent.name}/{path.name}: {node.name}", waits(node)


@pytest.mark.parametrize(("_page", "awaited"), [pytest.param(*each, id=each[0]) for each in with_panel()])
def test_the_panel_is_read_first(_page: str, awaited: list[str]) -> None:
    assert awaited[0] == "sync_panel"


def test_the_pages_with_a_panel_are_found() -> None:
    assert len([*with_panel()]) >= 6
