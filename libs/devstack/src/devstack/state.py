"""The folder of one stack: server files and logs, gone afterwards unless something failed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from devstack.account import Account

MEMORY = Path("/dev", "shm")
"""Where Linux keeps files in memory."""

_ROOM_BYTES = 2 * 1024**3
_PREFIX = "halosync-"


class StateFolder:
    """A temporary folder; `keep_logs` saves what a person needs to find out what went wrong.

    Args:
        path: where it is.
        memory: a folder of its own in memory, for what is written all the time; None: that is on the disk as well.
    """

    def __init__(self, path: Path, memory: Path | None = None) -> None:
        self.path = path
        self._memory = memory

    def folder(self, name: str, *, owner: Account | None = None) -> Path:
        """Make a private folder in it and return its path."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        if owner is not None:
            owner.own(path)
        return path

    def memory_folder(self, name: str) -> Path:
        """Make a private folder for files that a killed process must find again, and a machine without power need not.

        To wait for the disk after each write is a third of the work of a broker that tests make queues in.
        """
        return self.folder(name) if self._memory is None else StateFolder(self._memory).folder(name)

    def log(self, name: str) -> Path:
        """Return the path of the log of `name`."""
        return self.folder("logs") / f"{name}.log"

    def keep_logs(self) -> Path:
        """Copy the logs to a folder that stays, and return its path."""
        kept = Path(tempfile.mkdtemp(prefix="halosync-logs-"))
        shutil.copytree(self.folder("logs"), kept, dirs_exist_ok=True)
        return kept


@contextmanager
def state_folder(*, in_memory: bool = False, memory: Path = MEMORY) -> Iterator[StateFolder]:
    """Give a new temporary folder and remove it at the end.

    When the body raises, the logs stay; the error gets a note that says where.

    Args:
        in_memory: whether `memory_folder` is in memory, where there is room.
        memory: the machine's folder in memory.
    """
    # Short, because the path of a Unix socket has 107 characters at most. Others may pass through, not look inside: a
    # server that runs under another account must reach its own folder.
    path = Path(tempfile.mkdtemp(prefix="halosync-"))
    path.chmod(0o711)
    with ExitStack() as exits:
        kept = exits.enter_context(_folder_in(memory)) if in_memory else None
        state = StateFolder(path, kept)
        try:
            yield state
        except Exception as error:
            error.add_note(f"The logs of the servers and services are in {state.keep_logs()}")
            raise
        finally:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _folder_in(memory: Path) -> Iterator[Path | None]:
    """Give a new folder in memory and remove it at the end; None: there is no such place, or not room enough."""
    if not memory.is_dir():
        yield None
        return
    _remove_abandoned(memory)
    if shutil.disk_usage(memory).free < _ROOM_BYTES:
        yield None
        return
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=memory))
    try:
        with _locked(path) as ours:
            yield path if ours else None
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _remove_abandoned(memory: Path) -> None:
    """Remove what is left of processes that were killed: memory that nobody would give back."""
    for path in memory.glob(f"{_PREFIX}*"):
        with suppress(OSError), _locked(path) as abandoned:  # another process removes it, or it is another account's
            if abandoned:
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Lock a folder, which the end of this process ends too; False: another one has it, or it was just removed."""
    folder = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield path.exists()
    finally:
        os.close(folder)
