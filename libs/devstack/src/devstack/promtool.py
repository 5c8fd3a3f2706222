"""Where promtool comes from on this machine: the program that tries Prometheus' rules on made-up series."""

from pathlib import Path

from devstack.programs import ProgramSource

PACKAGE = "prometheus"
"""The package of Debian that has it."""


async def promtool() -> Path | None:
    """Return the program, installed or of Debian's package; None where it cannot be had by itself.

    Raises:
        NotInstalledError, CommandFailedError: as `ProgramSource.program_of`.
    """
    return await ProgramSource().program_of(PACKAGE, ["promtool"])
