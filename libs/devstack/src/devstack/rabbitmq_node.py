"""A private RabbitMQ node of an installed `rabbitmq-server`: own name, ports, files, cookie and port mapper."""

import os
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devstack.command import run
from devstack.errors import CommandFailedError, NotInstalledError
from devstack.ports import LOOPBACK, free_port
from devstack.process import ChildProcess
from devstack.rabbitmq_management import Management
from devstack.rabbitmq_root import RabbitRoot
from devstack.state import StateFolder

_START_TIMEOUT_S = 90.0
# Packages put the scripts themselves here; those in the path are wrappers that insist on the account `rabbitmq`.
_PACKAGED_SCRIPTS = Path("/usr/lib/rabbitmq/bin")
# Erlang's threads that have nothing to do spin for a while before they sleep: half of what a start costs.
_ERLANG = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
_WRITE_TABLES = "[dets:sync(Table) || Table <- dets:all()]."
_EVALUATED = "{ok, "

MOST_MESSAGE_BYTES = 32 * 1024**2
"""As in the composition: what is larger is refused to whoever sends it."""

_CONFIGURATION = """\
listeners.tcp.local = {host}:{amqp}
management.tcp.ip = {host}
management.tcp.port = {management}
loopback_users.guest = true
max_message_size = {most_bytes}
log.console = true
log.file = false
"""


class RabbitNode:
    """One node; it keeps its ports and its files when it is restarted.

    Args:
        scripts: folder of `rabbitmq-server` and `rabbitmqctl`, see `installed_scripts`.
        state: where it keeps its files.
        root: the folder that its programs have as their root; None for the machine's own.
    """

    def __init__(self, scripts: Path, state: StateFolder, root: RabbitRoot | None = None) -> None:
        self._scripts = scripts
        self._root = root
        self._home = home = state.memory_folder("rabbitmq")
        self._amqp_port, self._management_port, self._epmd_port = free_port(), free_port(), free_port()
        node = f"halosync-{secrets.token_hex(4)}@localhost"
        self._env = _environment(node, root.home if root else home, self._epmd_port)
        if root is not None:
            self._env["PATH"] = root.search_path
        (home / "rabbitmq.conf").write_text(
            _CONFIGURATION.format(
                host=LOOPBACK,
                amqp=self._amqp_port,
                management=self._management_port,
                most_bytes=MOST_MESSAGE_BYTES,
            )
        )
        (home / "enabled_plugins").write_text("[rabbitmq_management].\n")
        # Read in place of the machine's own file, whose settings would win over the environment.
        (home / "rabbitmq-env.conf").touch()
        # Ours from the start, in the foreground: otherwise the node starts a daemon of it, which outlives everybody.
        epmd = self._command("epmd" if root else _of_erlang("epmd"), "-port", str(self._epmd_port))
        self._epmd = ChildProcess("epmd", epmd, env=self._env, log=state.log("epmd"), cwd=home)
        server = self._command(str(scripts / "rabbitmq-server"))
        self._server = ChildProcess("rabbitmq", server, env=self._env, log=state.log("rabbitmq"), cwd=home)

    @property
    def url(self) -> str:
        """AMQP URL of the virtual host `/`."""
        return f"amqp://guest:guest@{LOOPBACK}:{self._amqp_port}/%2F"

    @property
    def management(self) -> Management:
        """Its management API."""
        return Management(self.url, f"http://{LOOPBACK}:{self._management_port}")

    @property
    def ports(self) -> tuple[int, ...]:
        """Every port that it or its port mapper was told to use."""
        return self._amqp_port, self._management_port, self._epmd_port, int(self._env["RABBITMQ_DIST_PORT"])

    async def start(self) -> None:
        """Run the node until its management API, the last to come up, answers (some seconds)."""
        self._epmd.start()
        self._server.start()
        await self._server.wait_ready(self.management.answers, timeout_s=_START_TIMEOUT_S)

    async def kill(self) -> None:
        """End the node at once; what it had confirmed is on disk.

        It is made to write down its tables of queues first: RabbitMQ 3.10 does so twice a second only,
        and a quorum queue that was declared right before a kill would never have a leader again.
        """
        if self._server.running:
            await self.evaluate(_WRITE_TABLES)
        await self._server.kill()

    async def close(self) -> None:
        """End the node and its port mapper; not in good order, which takes 6 s to save files that go as well."""
        await self._server.kill()
        await self._epmd.kill()

    async def ctl(self, *arguments: str) -> str:
        """Run `rabbitmqctl` against the node (a second or two) and return what it prints."""
        command = self._command(str(self._scripts / "rabbitmqctl"), "--quiet", *arguments)
        return await run(command, env=self._env, cwd=self._home)

    async def evaluate(self, expressions: str) -> str:
        """Evaluate Erlang in the node and return what it gives; by a program that is no Erlang machine of its own."""
        cookie = (self._home / ".erlang.cookie").read_text()
        call = "erl_call" if self._root else _of_erlang("erl_call")
        command = self._command(call, "-n", self._env["RABBITMQ_NODENAME"], "-c", cookie, "-e")
        answer = await run(command, env=self._env, cwd=self._home, entered=f"{expressions}\n")
        if not answer.startswith(_EVALUATED):
            raise CommandFailedError(f"RabbitMQ answered to {expressions} {answer}")
        return answer.removeprefix(_EVALUATED).removesuffix("}")

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Stop the server (SIGSTOP) while the body runs: to others, a broker that hangs."""
        async with self._server.paused():
            yield

    def _command(self, *command: str) -> list[str]:
        return self._root.enter(self._home, *command) if self._root else list(command)


def installed_scripts() -> Path | None:
    """Return the folder of the scripts of an installed RabbitMQ, or None."""
    if (_PACKAGED_SCRIPTS / "rabbitmq-server").exists():
        return _PACKAGED_SCRIPTS
    found = shutil.which("rabbitmq-server")
    return Path(found).resolve().parent if found else None


def _of_erlang(name: str) -> str:
    """Return a program of Erlang, which some distributions keep beside the machine instead of in the path."""
    found = shutil.which(name)
    if found is not None:
        return found
    erl = shutil.which("erl")
    beside = sorted(Path(erl).resolve().parents[1].glob(f"erts-*/bin/{name}")) if erl else []
    if not beside:
        raise NotInstalledError(f"RabbitMQ is installed, but Erlang's `{name}` is not in the path; install Erlang.")
    return str(beside[-1])


def _environment(node: str, home: Path, epmd_port: int) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(home),  # Erlang's cookie lies here
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "RABBITMQ_NODENAME": node,
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_CONF_ENV_FILE": str(home / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(home / "config"),
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG,
        "RABBITMQ_CTL_ERL_ARGS": _ERLANG,
        # The script then becomes the server instead of being its parent: one process to signal and to wait for.
        "RUNNING_UNDER_SYSTEMD": "true",
    }
