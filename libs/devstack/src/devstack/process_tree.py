"""A process and its descendants: whether they live, and ending all of them."""

import contextlib
import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from signal import SIGCONT, SIGSTOP, Signals

import psutil

from devstack.errors import NotReadyError
from devstack.launching import launch


@dataclass(frozen=True, slots=True)
class TrackedProcess:
    """One process, told apart from a later one of the same number by its start time."""

    pid: int
    started_at: float

    def lives(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        try:
            process = psutil.Process(self.pid)
            return bool(process.create_time() == self.started_at and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def kill(self) -> None:
        """End it at once, if it still runs."""
        self.signal(Signals.SIGKILL)

    def signal(self, number: Signals) -> None:
        """Send it a signal, if it still runs."""
        if self.lives():
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(self.pid).send_signal(number)


def process_tree(pid: int) -> list[TrackedProcess]:
    """Return the process `pid`, first, and all its descendants; nothing if it has ended."""
    try:
        head = psutil.Process(pid)
        return [TrackedProcess(head.pid, head.create_time()), *_tracked(head.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


@contextlib.contextmanager
def held(processes: list[TrackedProcess]) -> Iterator[None]:
    """Stop these processes (SIGSTOP) while the body runs, then let them go on; also when this process is killed in it.

    One that is stopped gets no signal but SIGKILL until it goes on, so that it would never learn of this process's end.
    Hence a watch lets them go on, and nothing is stopped before that watch has begun.
    """
    watch = ["sh", "-c", 'echo; cat; kill -CONT "$@" 2>/dev/null || true', "sh", *(str(each.pid) for each in processes)]
    told, tells = os.pipe()
    with (
        os.fdopen(told, "rb") as begun,
        os.fdopen(tells, "wb") as output,
        launch(watch, entered=subprocess.PIPE, log=output, death_signal=SIGCONT),  # ends, awaited, as its input closes
    ):
        output.close()
        if not begun.readline():
            raise NotReadyError("the watch that lets stopped processes go on has ended before it began")
        for each in processes:
            each.signal(SIGSTOP)
        yield


def listening_ports(pid: int) -> list[int]:
    """Return the TCP ports on which the process listens, each once."""
    connections = psutil.Process(pid).net_connections("tcp")
    return sorted({one.laddr.port for one in connections if one.laddr and one.status == psutil.CONN_LISTEN})


def listeners(ports: Iterable[int]) -> list[int]:
    """Return those of `ports` on which some process of this machine listens."""
    connections = psutil.net_connections("tcp")
    return sorted(
        {one.laddr.port for one in connections if one.laddr and one.status == psutil.CONN_LISTEN}.intersection(ports)
    )


def _tracked(processes: list[psutil.Process]) -> list[TrackedProcess]:
    tracked = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            tracked.append(TrackedProcess(process.pid, process.create_time()))
    return tracked
