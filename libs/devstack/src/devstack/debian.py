"""Installing the Debian package of RabbitMQ without starting its service."""

import os
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from devstack.command import run

_INSTALL_TIMEOUT_S = 600.0
_POLICY = Path("/usr/sbin/policy-rc.d")
# Debian's way to say that a package's service is not to be started: exit code 101 means "not allowed".
_NOT_ALLOWED = "#!/bin/sh\nexit 101\n"


class Runner(Protocol):
    """Runs a command to its end; `devstack.command.run` is one."""

    def __call__(self, argv: list[str], *, env: dict[str, str], timeout_s: float) -> Awaitable[str]:
        """Run `argv` and return its output."""


async def install_rabbitmq(runner: Runner = run, policy: Path = _POLICY) -> None:
    """Install `rabbitmq-server` (some minutes at most); must be root.

    Raises:
        CommandFailedError: apt-get fails; the message has its output.
    """
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _services_stay_off(policy):
        await runner(["apt-get", "update", "--quiet"], env=env, timeout_s=_INSTALL_TIMEOUT_S)
        install = ["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "rabbitmq-server"]
        await runner(install, env=env, timeout_s=_INSTALL_TIMEOUT_S)


@contextmanager
def _services_stay_off(policy: Path) -> Iterator[None]:
    if policy.exists():  # the machine has a policy already, such as a container image's; it is not ours to change
        yield
        return
    policy.write_text(_NOT_ALLOWED)
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()
