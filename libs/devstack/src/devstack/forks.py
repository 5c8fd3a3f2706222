"""Processes of halosync that begin in a tenth of the time, as forks of one that has imported their libraries.

A new process spends more than a second of a processor on its imports; the tests start a hundred of them. The parent is
one for each process that uses this module. It is started when it is needed first and ends with it; its children get
their death signal then.
"""

import atexit
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from signal import SIGKILL, Signals
from typing import IO

from devstack.errors import ProcessDiedError
from devstack.fork_parent import MOST_BYTES
from devstack.launching import launch

LOADED = (
    "auth.composition",
    "halo_writer.composition",
    "planner.composition",
    "report_api.composition",
    "halosync.cli.main",
    "halo_sandbox.__main__",
    "devstack.own_domain",
)
"""What the parent imports."""

_END_TIMEOUT_S = 10.0


class Forked:
    """A running fork; what `subprocess.Popen` has of the same names."""

    def __init__(self, parent: "ForkParent", pid: int) -> None:
        self._parent = parent
        self.pid = pid

    @property
    def returncode(self) -> int | None:
        """How it ended: its exit code, or the negative number of a signal; None while it is not known that it has."""
        return self._parent.codes.get(self.pid)

    def poll(self) -> int | None:
        """Look whether it has ended, and return how."""
        self._parent.look()
        return self.returncode

    def send_signal(self, number: Signals) -> None:
        """Send it a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def can_fork(env: Mapping[str, str]) -> bool:
    """Tell whether a fork is the same as a new process: not elsewhere than on Linux, nor with other modules."""
    return sys.platform == "linux" and env.get("PYTHONPATH") == os.environ.get("PYTHONPATH")


def fork(
    module: str,
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    output: IO[bytes],
    errors: IO[bytes],
    death_signal: Signals = SIGKILL,
) -> Forked:
    """Run a module as `python -m` does, in a session of its own.

    Args:
        module: what is run.
        arguments: of the command line.
        env: its whole environment.
        cwd: its working folder.
        output: takes its standard output.
        errors: takes its standard error.
        death_signal: what it gets when this process is gone.

    Raises:
        ProcessDiedError: the parent of the forks is gone.
    """
    runs = {"module": module, "arguments": list(arguments), "env": dict(env), "cwd": str(cwd)}
    return fork_parent().fork(json.dumps({**runs, "death_signal": int(death_signal)}).encode(), output, errors)


class ForkParent:
    """The process that forks, and what it told of its children.

    Attributes:
        codes: how those ended that have, by process id.
    """

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._children: set[int] = set()
        self.codes: dict[int, int] = {}
        argv = [sys.executable, "-u", "-m", "devstack.fork_parent", str(theirs.fileno()), *LOADED]
        with theirs:
            self._process = launch(argv, pass_fds=[theirs.fileno()])
        atexit.register(self.close)

    def fork(self, message: bytes, output: IO[bytes], errors: IO[bytes]) -> Forked:
        """Send a request and wait for its process."""
        with ExitStack() as files:
            nothing = files.enter_context(Path(os.devnull).open("rb"))
            numbers = [file.fileno() for file in (nothing, output, errors)]
            socket.send_fds(self._channel, [message], numbers)
        while True:
            told = self._next(0)
            if told is None:
                raise ProcessDiedError("the parent of the forks is gone")
            if "begun" in told:
                self._children.add(told["begun"])
                self.codes.pop(told["begun"], None)
                return Forked(self, told["begun"])

    def look(self) -> None:
        """Read what was told meanwhile."""
        while self._next(socket.MSG_DONTWAIT) is not None:
            pass

    def _next(self, flags: int) -> dict[str, int] | None:
        """Return what is told next; None: nothing, or never again anything."""
        try:
            message = self._channel.recv(MOST_BYTES, flags)
        except BlockingIOError:
            return None
        except ConnectionError:
            message = b""
        if not message:  # its children get their death signal
            self.codes.update(dict.fromkeys(self._children, -SIGKILL))
            self._children.clear()
            return None
        told: dict[str, int] = json.loads(message)
        if "ended" in told:
            self.codes[told["ended"]] = told["code"]
            self._children.discard(told["ended"])
        return told

    def close(self) -> None:
        """End it, and so its children."""
        self._channel.close()
        self._process.terminate()
        self._process.wait(_END_TIMEOUT_S)


@cache
def fork_parent() -> ForkParent:
    """Return the one of this process."""
    return ForkParent()
