"""The code as a test reads it."""

import ast
from functools import cache
from pathlib import Path


@cache
def tree(path: Path) -> ast.Module:
    """Return a file of Python, parsed once for all tests of a process: to parse all takes longer than most tests."""
    return ast.parse(path.read_text("utf-8"))
