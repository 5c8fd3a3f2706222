"""Tests wait for conditions with `until`, which pauses and gives up: none asks again and again without either."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.sources import tree

ROOT = Path(__file__).resolve().parents[2]
WORKS = {"empty", "advance", "deliver", "get"}
"""What a loop without a body may call: each call does a piece of work, until there is none left."""


def polls(module: ast.AST) -> Iterator[int]:
    """Yield the lines of loops that do nothing but ask, and await the answer."""
    for node in ast.walk(module):
        if isinstance(node, ast.While) and all(isinstance(each, ast.Pass) for each in node.body):
            asked = [each.value for each in ast.walk(node.test) if isinstance(each, ast.Await)]
            called = {ast.unparse(each.func).rpartition(".")[2] for each in asked if isinstance(each, ast.Call)}
            if asked and not called <= WORKS:
                yield node.lineno


def test_no_test_polls_without_a_pause() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    assert {path.name: lines for path in files if (lines := list(polls(tree(path))))} == {}


def test_a_poll_without_a_pause_is_found() -> None:
    code = "async def f():\n while not await shown():\n  pass\n while await store.empty() is not None:\n  pass\n"
    assert list(polls(ast.parse(code))) == [2]
