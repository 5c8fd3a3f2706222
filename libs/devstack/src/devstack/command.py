"""Short-lived commands: run to their end, with what they said in the error."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryFile

from devstack.account import Account
from devstack.errors import CommandFailedError, NotReadyError
from devstack.forks import fork
from devstack.wait import until


async def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    account: Account | None = None,
    timeout_s: float = 60.0,
    entered: str = "",
) -> str:
    """Run a command, with `entered` as its input, and return its standard output.

    Raises:
        CommandFailedError: its exit code is not 0, or it is not done within `timeout_s` seconds.
    """
    title = " ".join(str(part) for part in argv)
    process = await asyncio.create_subprocess_exec(
        *(str(part) for part in argv),
        env=dict(env),
        cwd=cwd,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, errors = await process.communicate(entered.encode())
    except TimeoutError:
        raise CommandFailedError(f"`{title}` was not done within {timeout_s:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _printed(title, process.returncode, output, errors)


async def run_forked(module: str, *arguments: str, env: Mapping[str, str], cwd: Path, timeout_s: float = 60.0) -> str:
    """Run a module of halosync as a fork (`forks`), and return its standard output; raises as `run`."""
    title = " ".join([module, *arguments])
    with TemporaryFile() as output, TemporaryFile() as errors:
        process = fork(module, arguments, env=env, cwd=cwd, output=output, errors=errors)

        async def ended() -> bool:
            return process.poll() is not None

        try:
            await until(ended, what=f"the end of `{title}`", timeout_s=timeout_s, every_s=0.02)
        except NotReadyError:
            raise CommandFailedError(f"`{title}` was not done within {timeout_s:g} s") from None
        finally:
            process.send_signal(SIGKILL)
        for file in (output, errors):
            file.seek(0)
        return _printed(title, process.returncode, output.read(), errors.read())


def _printed(title: str, code: int | None, output: bytes, errors: bytes) -> str:
    if code != 0:
        said = (errors + output).decode(errors="replace").strip()
        raise CommandFailedError(f"`{title}` ended with exit code {code}: {said}")
    return output.decode(errors="replace")
