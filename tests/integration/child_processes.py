"""The processes that a test starts, told apart from those that the servers of the session start by themselves."""

import os

import psutil
from devstack.process_tree import TrackedProcess, process_tree


def own_children() -> set[TrackedProcess]:
    """Return the direct children of this process."""
    here = psutil.Process(os.getpid())
    return {tree[0] for child in here.children() if (tree := process_tree(child.pid))}


def begun_since(before: set[TrackedProcess]) -> list[TrackedProcess]:
    """Return the children that were not there `before`, with all their descendants.

    A new descendant of an older child does not count: Postgres of the session starts its workers when it likes.
    """
    return [member for child in own_children() - before for member in process_tree(child.pid)]
