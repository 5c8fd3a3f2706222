"""A sentence has one home: API, portal and command line take it from there."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.sources import tree

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("libs/halosync/src/halosync/domain", "libs/halosync/src/halosync/cli", "services")
DESCRIPTIONS = {"description", "help", "summary"}
"""Arguments that describe a field, a parameter or an option."""
FOR_DEVELOPERS = {"There must be at least one retry delay."}

_LONG = 28


def sentences(module: ast.Module) -> Iterator[str]:
    """Yield the texts of a module that people read: several words that begin with a capital letter and end."""
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value.strip()
            if len(text) >= _LONG and " " in text and text[0].isupper() and text[-1] in ".:":
                yield text


def described(module: ast.Module) -> set[str]:
    """Return what a module says of itself: docstrings, and descriptions of fields, parameters and options."""
    said = [node.value for node in ast.walk(module) if isinstance(node, ast.Expr)]
    said += [node.value for node in ast.walk(module) if isinstance(node, ast.keyword) and node.arg in DESCRIPTIONS]
    texts = (node.value for node in said if isinstance(node, ast.Constant))
    return {text.strip() for text in texts if isinstance(text, str)}


def test_no_sentence_stands_in_two_modules() -> None:
    homes: dict[str, set[str]] = {}
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        module = tree(path)
        for text in set(sentences(module)) - described(module) - FOR_DEVELOPERS:
            homes.setdefault(text, set()).add(path.relative_to(ROOT).as_posix())
    assert len(homes) > 200
    assert {text: sorted(found) for text, found in homes.items() if len(found) > 1} == {}
