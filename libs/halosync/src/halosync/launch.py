"""How a service's process begins: without libraries that it does not use, which others of its libraries would load."""

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

FOR_TERMINALS = frozenset({"pygments", "rich"})
"""What httpx and structlog load to look pretty on a terminal, and go without where it is missing: 4 MB a process."""

NEW_VALUES = 50_000
"""After so many new values Python looks which of them are garbage. By its own 700 it would go through a plan, all of
whose values stay, again and again while it is made."""


class _Absent:
    """Says of some packages that they are not installed."""

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse those; others are left to the finders behind this one."""
        if fullname in FOR_TERMINALS:
            raise ModuleNotFoundError(f"{fullname} is for terminals", name=fullname)
        return None


def launch(module: str) -> None:
    """Call `main` of a module in this process, where garbage is looked for seldom, and not among what was loaded."""
    sys.meta_path.insert(0, _Absent())
    loaded = import_module(module)
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_VALUES, *gc.get_threshold()[1:])
    loaded.main()
