"""How a service's process begins: without libraries that it does not use, which others of its libraries would load."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

FOR_TERMINALS = frozenset({"pygments", "rich"})
"""What httpx and structlog load to look pretty on a terminal, and go without where it is missing: 4 MB a process."""


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
    """Call `main` of a module in this process."""
    sys.meta_path.insert(0, _Absent())
    import_module(module).main()
