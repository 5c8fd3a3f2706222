"""When Python looks for garbage that only cycles keep: seldom, and not while a large value is made."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW_VALUES = 50_000
"""How many new objects Python makes before it collects garbage. With its own 700 it would look through a plan again and
again while that is made, and all of its objects stay."""


def look_for_garbage_seldom() -> None:
    """Have Python look for garbage after many new values, and not among what there is now."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_VALUES, *gc.get_threshold()[1:])


@contextmanager
def garbage_left() -> Iterator[None]:
    """Leave garbage alone during the body, which makes much that stays.

    In a process one body at a time may ask for it.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
