"""How a service's process begins: without libraries that it does not use, which others of its libraries would load."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

from halosync.runtime.garbage import look_for_garbage_seldom

ABSENT = frozenset({"pygments", "rich", "pydantic.v1"})
"""What our libraries go without where it is missing: httpx and structlog, to look pretty on a terminal, and FastAPI, to
refuse models of the last version of pydantic. 5 MB a process."""

FORMS = frozenset({"multipart", "python_multipart"})
"""What only a process with forms needs: 2 MB a process."""

UNUSED = ("unittest", "unittest.mock", "uvicorn.supervisors", "pydantic_settings.sources.providers.cli")
"""What they cannot be imported without, and use for tests, reloading, several workers and settings on a command line:
4 MB a process."""


class _Absent:
    """Says of some packages that they are not installed."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse those; others are left to the finders behind this one."""
        if fullname in self._names:
            raise ModuleNotFoundError(f"{fullname} is not used", name=fullname)
        return None


class _Nothing:
    """Stands for a class of `UNUSED`. FastStream makes a mock for each handler, and calls it in tests alone."""


class _Unused(ModuleType):
    """A module from which every name can be imported, and nothing can be done with it."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return sys.modules.get(f"{self.__name__}.{name}", _Nothing)


def launch(module: str, *, without: frozenset[str] = frozenset()) -> None:
    """Call `main` of a module in this process, where garbage is looked for seldom, and not among what was loaded.

    `without` are packages that this process does not use besides.
    """
    sys.meta_path.insert(0, _Absent(ABSENT | without))
    for name in UNUSED:
        sys.modules.setdefault(name, _Unused(name))
    loaded = import_module(module)
    look_for_garbage_seldom()
    loaded.main()
