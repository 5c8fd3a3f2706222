"""Becomes another program, one that gets a signal when the process that started it is gone.

Run as a script: `python launcher.py SIGNAL PARENT_PID UID:GID PROGRAM ARGUMENT…`; `-` in place of UID:GID keeps
the account.

Why a program of its own and no `preexec_fn`: that one runs Python code between fork and exec, which may deadlock as
soon as the parent has threads; this one costs some 20 ms and has the same process id after its exec. The signal comes
when the thread that started it ends, so start children from the main thread. Only Linux knows the request; elsewhere
the program simply starts, and a parent that is killed with -9 leaves it behind.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def end_with(parent: int, death_signal: int) -> None:
    """Have the kernel send this process a signal when its parent is gone; ends it if that is so already. For Linux."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        sys.exit(f"the parent {parent} was gone before its child began")


def main(arguments: list[str]) -> None:
    """Drop to the account, ask the kernel for the signal, and become the program."""
    death_signal, parent, account, program = int(arguments[0]), int(arguments[1]), arguments[2], arguments[3:]
    if account != "-":
        uid, gid = (int(part) for part in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of account, because that change withdraws the request.
    if sys.platform == "linux":
        end_with(parent, death_signal)
    os.execvp(program[0], program)  # noqa: S606 - no shell is wanted; replacing this process is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
