"""One child process: started with its log in a file, waited for, signalled, and never left behind."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals
from typing import IO

import httpx

from devstack.account import Account
from devstack.errors import NotReadyError, ProcessDiedError
from devstack.forks import Forked, fork
from devstack.launching import launch
from devstack.ports import LOOPBACK
from devstack.process_tree import TrackedProcess, process_tree
from devstack.wait import until

_LOG_TAIL_CHARS = 3000
_GONE_TIMEOUT_S = 10.0


class ChildProcess:
    """A program in a session of its own (Ctrl-C in the terminal does not reach it) that dies with this process.

    Args:
        name: what error messages call it.
        argv: program and arguments.
        env: its whole environment.
        log: file that takes its output; appended to, so that a restart keeps the earlier lines.
        cwd: its working folder.
        account: whom it runs as; None for the account of this process.
        death_signal: what it gets when this process is gone. What is asked to end may never do so, or is stopped and
            never hears of it; hence the default.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        cwd: Path,
        account: Account | None = None,
        death_signal: Signals = SIGKILL,
    ) -> None:
        self.name = name
        self.log = log
        self._argv = list(argv)
        self._env = dict(env)
        self._cwd = cwd
        self._account = account
        self._death_signal = death_signal
        self._process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the running process, else None."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; a process that runs already is left alone."""
        if self.running:
            return
        with self.log.open("ab") as log:
            self._process = self._begin(log)

    def _begin(self, log: IO[bytes]) -> "subprocess.Popen[bytes] | Forked":
        return launch(
            self._argv,
            env=self._env,
            cwd=self._cwd,
            log=log,
            account=self._account,
            death_signal=self._death_signal,
        )

    async def wait_ready(self, check: Callable[[], Awaitable[bool]], *, timeout_s: float) -> None:
        """Wait until `check` answers true.

        Raises:
            ProcessDiedError: the process ended first; noticed at once.
            NotReadyError: it lives, but is not ready after `timeout_s` seconds.
        """

        async def alive_and_ready() -> bool:
            if not self.running:
                raise ProcessDiedError(self._exit_message())
            return await check()

        await until(alive_and_ready, what=f"{self.name} getting ready (log: {self.log})", timeout_s=timeout_s)

    async def wait_http(self, url: str, *, timeout_s: float) -> None:
        """Wait until `url` answers 200; raises like `wait_ready`."""
        # No proxy settings: the address is on this machine.
        async with httpx.AsyncClient(trust_env=False, timeout=2.0) as client:

            async def answers() -> bool:
                try:
                    return (await client.get(url)).status_code == 200
                except httpx.TransportError:
                    return False

            await self.wait_ready(answers, timeout_s=timeout_s)

    async def wait_listening(self, port: int, *, timeout_s: float) -> None:
        """Wait until somebody listens on the loopback `port`; raises like `wait_ready`."""

        async def accepts() -> bool:
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                return False
            writer.close()
            await writer.wait_closed()
            return True

        await self.wait_ready(accepts, timeout_s=timeout_s)

    def signal(self, number: Signals) -> None:
        """Send a signal to the process alone; one that has ended gets none."""
        if self._process is not None:
            self._process.send_signal(number)

    async def terminate(self, *, timeout_s: float = 30.0, number: Signals = SIGTERM) -> bool:
        """Ask it to end, wait at most `timeout_s` seconds, then kill it and what it left behind.

        Returns:
            Whether it ended by itself in time.
        """
        tree = self._tree()
        self.signal(number)
        ended = await self._gone(tree[:1], timeout_s)
        await self._kill(tree)
        return ended

    async def kill(self) -> None:
        """End it and its descendants at once (SIGKILL), and wait until they are gone."""
        await self._kill(self._tree())

    @contextlib.asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Stop it (SIGSTOP) while the body runs, then let it go on (SIGCONT): to others, a process that hangs."""
        self.signal(SIGSTOP)
        try:
            yield
        finally:
            self.signal(SIGCONT)

    def log_tail(self) -> str:
        """Return the last lines it wrote."""
        return self.log.read_text(errors="replace")[-_LOG_TAIL_CHARS:] if self.log.exists() else ""

    def _tree(self) -> list[TrackedProcess]:
        return process_tree(self.pid) if self.pid is not None else []

    async def _kill(self, tree: list[TrackedProcess]) -> None:
        for process in tree:
            process.kill()
        if not await self._gone(tree, _GONE_TIMEOUT_S):
            raise ProcessDiedError(f"{self.name} cannot be killed: {tree}")

    async def _gone(self, tree: list[TrackedProcess], timeout_s: float) -> bool:
        async def all_ended() -> bool:
            # Asking whether it runs also reaps it; a zombie among its descendants is for its own parent to reap.
            return not self.running and not any(process.lives() for process in tree)

        try:
            await until(all_ended, what=f"the end of {self.name}", timeout_s=timeout_s, every_s=0.02)
        except NotReadyError:
            return False
        return True

    def _exit_message(self) -> str:
        code = self._process.returncode if self._process else None
        return f"{self.name} ended with exit code {code}; the end of its log ({self.log}):\n{self.log_tail()}"


class ForkedProcess(ChildProcess):
    """A module of halosync, as `python -m` runs it, that begins as a fork (`forks`).

    Args:
        name: what error messages call it.
        argv: the module and its arguments.
        env, log, cwd: as of a `ChildProcess`.
    """

    def __init__(self, name: str, argv: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path) -> None:
        super().__init__(name, argv, env=env, log=log, cwd=cwd)

    def _begin(self, log: IO[bytes]) -> Forked:
        module, *arguments = self._argv
        return fork(module, arguments, env=self._env, cwd=self._cwd, output=log, errors=log)
