"""Installing packages of Debian without starting their services."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol

from devstack.command import run

_INSTALL_TIMEOUT_S = 600.0
_POLICY = Path("/usr/sbin/policy-rc.d")
# Debian's way to say that a package's service is not to be started: exit code 101 means "not allowed".
_NOT_ALLOWED = "#!/bin/sh\nexit 101\n"
_LOCK = Path("/run/halosync-devstack-install.lock")


class Runner(Protocol):
    """Runs a command to its end; `devstack.command.run` is one."""

    def __call__(self, argv: list[str], *, env: dict[str, str], timeout_s: float) -> Awaitable[str]:
        """Run `argv` and return its output."""


async def install_rabbitmq(runner: Runner = run, policy: Path = _POLICY, lock: Path = _LOCK) -> None:
    """Install `rabbitmq-server` (some minutes at most); must be root. Raises like `install_package`."""
    await install_package("rabbitmq-server", runner, policy, lock)


async def install_package(package: str, runner: Runner = run, policy: Path = _POLICY, lock: Path = _LOCK) -> None:
    """Install a package of Debian (some minutes at most); must be root.

    Processes that want packages at the same time, such as the workers of one test run, do it one after the other;
    those that come later find it done.

    Raises:
        CommandFailedError: apt-get fails; the message has its output.
    """
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    async with _alone(lock):
        with _services_stay_off(policy):
            await runner(["apt-get", "update", "--quiet"], env=env, timeout_s=_INSTALL_TIMEOUT_S)
            install = ["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", package]
            await runner(install, env=env, timeout_s=_INSTALL_TIMEOUT_S)


def may_install_debian_packages() -> bool:
    """Tell whether this is root on Debian or one of its relatives."""
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


@asynccontextmanager
async def _alone(lock: Path) -> AsyncIterator[None]:
    """Hold the lock on a file; the operating system gives it back whatever becomes of this process."""
    with lock.open("w") as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield


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
