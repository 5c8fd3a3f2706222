"""Another RabbitMQ than the machine's: a Debian release with `rabbitmq-server`, unpacked into a folder.

Its programs run with that folder as their root (`chroot`). Each has mounts of its own, which end with it: nothing stays
mounted, and the machine's files are out of its sight, but for the folder of the node.
"""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

import typer

from devstack.command import run
from devstack.errors import DevstackError, NotInstalledError

ROOT_VARIABLE = "HALOSYNC_DEVSTACK_RABBITMQ_ROOT"
"""Names such a folder; then its RabbitMQ is used instead of the machine's."""

_SCRIPTS = Path("/usr/lib/rabbitmq/bin")
_HOME = Path("/mnt")
"""Where the programs see the folder of their node; every Debian has this one, empty."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# $0 is the root, $1 the folder of the node, then the program and its arguments; `exec`, so that it stays one process.
_ENTER = 'mount --rbind /proc "$0/proc" && mount --bind "$1" "$0/mnt" && shift && exec chroot "$0" "$@"'
_MAKE_TIMEOUT_S = 1200.0


@dataclass(frozen=True)
class RabbitRoot:
    """A folder that holds a Debian with `rabbitmq-server`."""

    path: Path

    scripts = _SCRIPTS
    home = _HOME
    search_path = _PATH

    def check(self) -> None:
        """Say at once what is missing.

        Raises:
            NotInstalledError: it holds no RabbitMQ, or this is not root, who alone may change the root of a process.
        """
        if not (self.path / _SCRIPTS.relative_to("/") / "rabbitmq-server").exists():
            raise NotInstalledError(
                f"{ROOT_VARIABLE}={self.path} holds no RabbitMQ; make one: `python -m devstack rabbitmq-root FOLDER`."
            )
        if os.geteuid() != 0:
            raise NotInstalledError(f"Only root can run the RabbitMQ of {ROOT_VARIABLE}; unset it to use another.")

    def enter(self, home: Path, *command: str) -> list[str]:
        """Return how a command of the folder is run, with `home` in the place where its programs look for it."""
        return ["unshare", "--mount", "sh", "-c", _ENTER, str(self.path.resolve()), str(home), *command]


def root_from_environment() -> RabbitRoot | None:
    """Return the folder that `HALOSYNC_DEVSTACK_RABBITMQ_ROOT` names, or None."""
    named = os.environ.get(ROOT_VARIABLE)
    return RabbitRoot(Path(named)) if named else None


class Runner(Protocol):
    """Runs a command to its end; `devstack.command.run` is one."""

    def __call__(self, argv: Sequence[str], *, env: Mapping[str, str], timeout_s: float) -> Awaitable[str]:
        """Run `argv` and return its output."""


async def make_root(
    folder: Path,
    release: str,
    runner: Runner = run,
    has: Callable[[str], str | None] = shutil.which,
) -> RabbitRoot:
    """Unpack a Debian release with `rabbitmq-server` into a folder that is new or empty (a minute or two; root only).

    The packages come from where the machine's own come from.

    Raises:
        DevstackError: the folder holds something, or apt names no source of Debian's packages.
        CommandFailedError: a command fails; the message has its output.
    """
    if await asyncio.to_thread(_holds_something, folder):
        raise DevstackError(f"{folder} is not empty; name a new folder.")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if has("debootstrap") is None:
        await runner(["apt-get", "update", "--quiet"], env=env, timeout_s=_MAKE_TIMEOUT_S)
        install = ["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "debootstrap"]
        await runner(install, env=env, timeout_s=_MAKE_TIMEOUT_S)
    sources = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(SITE)", "Created-By: Packages"]
    mirror = _mirror(await runner(sources, env=env, timeout_s=_MAKE_TIMEOUT_S))
    make = ["debootstrap", "--variant=minbase", "--include=rabbitmq-server", release, str(folder), mirror]
    await runner(make, env=env, timeout_s=_MAKE_TIMEOUT_S)
    return RabbitRoot(folder)


def _holds_something(folder: Path) -> bool:
    return folder.exists() and any(folder.iterdir())


def _mirror(sources: str) -> str:
    """Pick, from what apt says of its sources, the one of Debian's packages; security updates have another label."""
    for source in sources.splitlines():
        origin, label, site = [*source.split(), "", "", ""][:3]
        if (origin, label) == ("Debian", "Debian") and site:
            return site
    raise DevstackError("apt has no source of Debian's packages (`apt-get update` may be needed first).")


def rabbitmq_root(
    folder: Annotated[Path, typer.Argument(help="A new folder, of some 400 MB.")],
    release: Annotated[str, typer.Option(help="The Debian release whose RabbitMQ is wanted.")] = "trixie",
) -> None:
    """Unpack a Debian release with its RabbitMQ into a folder, without touching the machine's own (root only)."""
    try:
        asyncio.run(make_root(folder.absolute(), release))
    except DevstackError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Made. To use it: {ROOT_VARIABLE}={folder.absolute()}")
