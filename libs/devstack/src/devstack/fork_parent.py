"""The parent of `forks`: has imported what the processes of halosync import, and forks one for each request.

Run as `python -u -m devstack.fork_parent SOCKET MODULE…` by `forks`, on Linux. It has one thread and no event loop,
so a fork of it is whole. A child goes on as `python -m MODULE` does: with an environment, arguments, working folder,
session and output of its own.
"""

import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass
from importlib import import_module

from devstack.fields import Fields
from devstack.launcher import end_with

MOST_BYTES = 2**17
_FILES = 3


@dataclass(frozen=True)
class Request:
    """What is to be run, as `forks.fork` sends it, and its input, output and errors."""

    runs: Fields
    files: list[int]


def next_child(channel: socket.socket) -> Request:
    """Fork a child for each request and tell how each ended; returns in the child, and never in the parent."""
    parent = os.getpid()
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    while True:
        ready, _, _ = select.select([channel.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, MOST_BYTES)
            _tell_ended(channel)
        if channel.fileno() not in ready:
            continue
        message, files, _, _ = socket.recv_fds(channel, MOST_BYTES, _FILES)
        if not message:
            sys.exit()
        request = Request(json.loads(message), files)
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for end in (woken, wake):
                os.close(end)
            channel.close()
            _prepare(request, parent)
            return request
        for file in files:
            os.close(file)
        channel.send(json.dumps({"begun": child}).encode())


def _tell_ended(channel: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        channel.send(json.dumps({"ended": pid, "code": os.waitstatus_to_exitcode(status)}).encode())


def _prepare(request: Request, parent: int) -> None:
    """Make a fork what a new process would be."""
    runs = request.runs
    os.setsid()
    end_with(parent, runs["death_signal"])
    for number, file in enumerate(request.files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(runs["cwd"])
    os.environ.clear()
    os.environ.update(runs["env"])
    time.tzset()
    sys.path[0] = runs["cwd"]
    sys.argv[:] = [runs["module"], *runs["arguments"]]


def main() -> None:
    """Load, serve, and in a child run its module."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    for module in sys.argv[2:]:
        import_module(module)
    gc.collect()
    gc.freeze()
    request = next_child(channel)
    runpy.run_module(request.runs["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
