"""The processes of halosync as `devstack` starts them: module, environment, readiness."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack.command import run, run_forked
from devstack.forks import can_fork
from devstack.ports import LOOPBACK, free_port
from devstack.process import ChildProcess, ForkedProcess
from devstack.state import StateFolder

PREFIX = "HALOSYNC_"
AUTH, PLANNER, WRITER, REPORT_API = "auth", "planner", "halo-writer", "report-api"
_MODULES = {AUTH: "auth", PLANNER: "planner", WRITER: "halo_writer", REPORT_API: "report_api"}
_COMMAND = "halosync.cli"
_READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
"""How long a service may drain (spec section 5.8)."""


@dataclass(frozen=True)
class Service:
    """One service process and the port of its `/healthz`, `/readyz` and `/metrics`."""

    process: ChildProcess
    health_port: int

    @property
    def name(self) -> str:
        """Its name, such as `planner` or `halo-writer-2`."""
        return self.process.name

    @property
    def health_url(self) -> str:
        """Address to which `/readyz` and the like are appended."""
        return f"http://{LOOPBACK}:{self.health_port}"

    async def start(self) -> None:
        """Run it until it says that it is ready.

        Raises:
            ProcessDiedError: it ended instead; the message has the end of its log.
        """
        self.process.start()
        await self.process.wait_http(f"{self.health_url}/readyz", timeout_s=_READY_TIMEOUT_S)


class ServiceFactory:
    """Makes services that share settings and a state folder.

    Args:
        settings: environment variables of every process.
        state: where the logs go.
        cwd: working folder of the processes.
        under: a module that runs those of the services; None: nothing does.
        forked: whether processes begin as forks where they can (`forks`).
    """

    def __init__(
        self, settings: Mapping[str, str], state: StateFolder, cwd: Path, under: str | None = None, *, forked: bool
    ) -> None:
        self._under = [] if under is None else [under]
        self._forked = forked
        self._settings = settings
        self._state = state
        self._cwd = cwd

    def service(self, kind: str, name: str, extra: Mapping[str, str] | None = None) -> Service:
        """Make a service of a kind; it is not started yet."""
        health_port = free_port()
        settings = {**(extra or {}), **self._settings, f"{PREFIX}HEALTH_PORT": str(health_port)}
        module, *arguments = [*self._under, _MODULES[kind]]
        return Service(self.process(name, module, *arguments, settings=settings), health_port)

    def process(self, name: str, module: str, *arguments: str, settings: Mapping[str, str]) -> ChildProcess:
        """Make a process of a Python module; it is not started yet."""
        env, log = clean_environment(settings), self._state.log(name)
        if self._forked and can_fork(env):
            return ForkedProcess(name, [module, *arguments], env=env, log=log, cwd=self._cwd)
        return ChildProcess(name, [sys.executable, "-m", module, *arguments], env=env, log=log, cwd=self._cwd)

    async def command(self, *arguments: str, settings: Mapping[str, str]) -> str:
        """Run the operator's command to its end, and return what it prints.

        Raises:
            CommandFailedError: its exit code is not 0; the message has its output.
        """
        env = clean_environment({**settings, **self._settings})
        if self._forked and can_fork(env):
            return await run_forked(_COMMAND, *arguments, env=env, cwd=self._cwd)
        return await run([sys.executable, "-m", _COMMAND, *arguments], env=env, cwd=self._cwd)


def clean_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with `settings` as its only settings of halosync."""
    inherited = {name: setting for name, setting in os.environ.items() if not name.startswith(PREFIX)}
    return {**inherited, "PYTHONUNBUFFERED": "1", **settings}
