"""Mutation testing: one small change of a rule at a time, and some unit test has to notice it.

mutmut makes the changes. It wants all sources in one folder `src`, so it works on a copy in `.mutants`; what it has
tested stays tested until the function or its tests change. Its settings are in `pyproject.toml`.

A change that no test notices is either a test that is missing, or it changes nothing that anybody could see. Those are
listed in `docs/mutants.md` with the reason, by function and changed line, so that the list survives other changes.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

BENCH = Path(".mutants")
SOURCES = (Path("libs/halosync/src/halosync"), Path("services/halo-writer/src/halo_writer"))
TESTS = (Path("tests/unit/domain"), Path("tests/unit/halo_writer"))
PAGE = Path("docs/mutants.md")

_NOTICED = {"killed", "timeout"}
_RESULT = re.compile(r"^ +(?P<mutant>\S+): (?P<status>.+)$", re.MULTILINE)
_FUNCTION = re.compile(r"\.x_?(?P<name>\S+)__mutmut_\d+$")
_ROW = re.compile(r"^\| `(.+?)` \| `(.+?)` \| `(.+?)` \| (.+) \|$", re.MULTILINE)


class Mutant(NamedTuple):
    """A change of a function: the lines that it takes away, and those that it puts in their place."""

    function: str
    old: str
    new: str

    def __str__(self) -> str:
        """Return the row of the page, without its reason."""
        cells = " | ".join(f"`{part}`".replace("|", "\\|") for part in self)
        return f"| {cells} | reason |"


def mutants(only: Annotated[list[str] | None, typer.Argument(help='Such as "halosync.domain.retry*".')] = None) -> None:
    """Change the rules in small ways, one at a time: a unit test must notice each, or the page says why none can."""
    _make_bench()
    try:
        _mutmut("run", *(only or []), quiet=False)
    except subprocess.CalledProcessError:  # mutmut has said why: a test fails without any change, for one
        typer.echo("Nothing was tried.")
        raise typer.Exit(1) from None
    unnoticed = set(survivors())
    listed = listed_on(PAGE.read_text("utf-8"))
    for mutant in sorted(unnoticed - listed):
        typer.echo(f"No test notices this, and {PAGE} does not list it:\n  {mutant}")
    gone = set() if only else listed - unnoticed
    for mutant in sorted(gone):
        typer.echo(f"{PAGE} lists this, but it is noticed or is no longer there:\n  {mutant}")
    typer.echo(f"{len(unnoticed)} unnoticed, {len(listed)} listed.")
    if gone or unnoticed - listed:
        raise typer.Exit(1)


def survivors() -> Iterator[Mutant]:
    """Yield the mutants that were tested and that no test noticed."""
    for result in _RESULT.finditer(_mutmut("results")):
        if result["status"] not in {*_NOTICED, "not checked"}:
            yield mutant_of(result["mutant"], _mutmut("show", result["mutant"]))


def mutant_of(name: str, diff: str) -> Mutant:
    """Return a mutant by its name in mutmut and its unified diff."""
    function = _FUNCTION.sub(lambda found: "." + found["name"].strip("ǁ").replace("ǁ", "."), name)
    changed = diff.split("\n@@", 1)[1].splitlines()[1:]
    old, new = (" ".join(line[1:].strip() for line in changed if line.startswith(sign)) for sign in "-+")
    return Mutant(function, old, new or "nothing")


def listed_on(page: str) -> set[Mutant]:
    """Return the mutants that the page lists; a row without a reason is none."""
    rows = [[cell.replace("\\|", "|") for cell in row] for row in _ROW.findall(page)]
    return {Mutant(*row[:3]) for row in rows if row[3] != "reason"}


def _make_bench() -> None:
    for source in SOURCES:
        _replace(source, BENCH / "src" / source.name)
    for tests in TESTS:
        _replace(tests, BENCH / tests)
    shutil.copy2("pyproject.toml", BENCH)


def _replace(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def _mutmut(*arguments: str, quiet: bool = True) -> str:
    """Run a command of mutmut and return what it says; where it may be heard, it says it itself."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    output = subprocess.PIPE if quiet else None
    done = subprocess.run(command, cwd=BENCH, check=True, stdout=output, text=True)  # noqa: S603 - our own arguments
    return done.stdout or ""
