"""Starting a program in a session of its own that gets a signal when this process is gone (`launcher`)."""

import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from signal import SIGKILL, Signals
from typing import IO

from devstack import launcher
from devstack.account import Account


def launch(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: IO[bytes] | None = None,
    account: Account | None = None,
    death_signal: Signals = SIGKILL,
    pass_fds: Collection[int] = (),
    entered: int = subprocess.DEVNULL,
) -> "subprocess.Popen[bytes]":
    """Start a program.

    Args:
        argv: program and arguments.
        env: its whole environment; None: the one of this process.
        cwd: its working folder; None: the one of this process.
        log: takes its output; None: goes where that of this process goes.
        account: whom it runs as; None for the account of this process.
        death_signal: what it gets when this process is gone.
        pass_fds: open files that it is to have.
        entered: its input, as `subprocess.Popen` takes it.
    """
    owner = f"{account.uid}:{account.gid}" if account else "-"
    before = [sys.executable, "-I", "-S", launcher.__file__, str(int(death_signal)), str(os.getpid()), owner]
    return subprocess.Popen(  # noqa: S603 - our own argument list, no shell
        [*before, *argv],
        env=env,
        cwd=cwd,
        stdin=entered,
        stdout=log,
        stderr=None if log is None else subprocess.STDOUT,
        start_new_session=True,
        pass_fds=pass_fds,
    )
