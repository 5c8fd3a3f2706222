"""Programs that a machine has, or that a package of Debian brings."""

import shutil
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from devstack.debian import install_package, may_install_debian_packages
from devstack.errors import NotInstalledError


def silent(_message: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class ProgramSource:
    """What the choice asks about the machine, and how a package gets onto it.

    Attributes:
        program: returns the path of a program by its name, or None.
        may_install_packages: tells whether packages of Debian can be installed.
        install: installs one.
    """

    program: Callable[[str], str | None] = shutil.which
    may_install_packages: Callable[[], bool] = may_install_debian_packages
    install: Callable[[str], Awaitable[None]] = install_package

    def installed(self, names: Iterable[str]) -> Path | None:
        """Return the first of these programs that is there, or None."""
        return next((Path(found) for name in names if (found := self.program(name)) is not None), None)

    async def program_of(
        self, package: str, names: Iterable[str], progress: Callable[[str], None] = silent
    ) -> Path | None:
        """Return the first of these programs, from the package if none is there; None where it may not be installed.

        `progress` is told before something takes long.

        Raises:
            NotInstalledError: the package was installed and does not have it.
            CommandFailedError: the package could not be installed; the message has what apt-get said.
        """
        wanted = tuple(names)
        if (found := self.installed(wanted)) is not None or not self.may_install_packages():
            return found
        progress(f"Installing the Debian package {package}")
        await self.install(package)
        if (found := self.installed(wanted)) is None:
            raise NotInstalledError(f"The package {package} was installed, but its program is not in the path.")
        return found
