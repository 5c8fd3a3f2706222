"""Where promtool comes from on this machine: the program that tries Prometheus' rules on made-up series."""

import shutil
from pathlib import Path

from devstack.debian import install_package
from devstack.rabbitmq_choice import may_install_debian_packages

PACKAGE = "prometheus"
"""The package of Debian that has it."""


async def promtool() -> Path | None:
    """Return the installed program, or Debian's, installed now where we may; None where it cannot be had by itself.

    Raises:
        CommandFailedError: the package could not be installed; the message has what apt-get said.
    """
    if (found := shutil.which("promtool")) is None and may_install_debian_packages():
        await install_package(PACKAGE)
        found = shutil.which("promtool")
    return None if found is None else Path(found)
