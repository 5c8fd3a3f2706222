"""The folder of one stack: server files and logs, gone afterwards unless something failed."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.account import Account


class StateFolder:
    """A temporary folder; `keep_logs` saves what a person needs to find out what went wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def folder(self, name: str, *, owner: Account | None = None) -> Path:
        """Make a private folder in it and return its path."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        if owner is not None:
            owner.own(path)
        return path

    def log(self, name: str) -> Path:
        """Return the path of the log of `name`."""
        return self.folder("logs") / f"{name}.log"

    def keep_logs(self) -> Path:
        """Copy the logs to a folder that stays, and return its path."""
        kept = Path(tempfile.mkdtemp(prefix="halosync-logs-"))
        shutil.copytree(self.folder("logs"), kept, dirs_exist_ok=True)
        return kept


@contextmanager
def state_folder() -> Iterator[StateFolder]:
    """Give a new temporary folder and remove it at the end.

    When the body raises, the logs stay; the error gets a note that says where.
    """
    # Short, because the path of a Unix socket has 107 characters at most. Others may pass through, not look inside: a
    # server that runs under another account must reach its own folder.
    path = Path(tempfile.mkdtemp(prefix="halosync-"))
    path.chmod(0o711)
    state = StateFolder(path)
    try:
        yield state
    except Exception as error:
        error.add_note(f"The logs of the servers and services are in {state.keep_logs()}")
        raise
    finally:
        shutil.rmtree(path, ignore_errors=True)
