"""Mutation testing: one small change of a rule at a time, and some unit test has to notice it.

mutmut makes the changes. It wants all sources in one folder `src`, so it works on a copy in `.mutants`. A run that was
broken off goes on where it was; when a source or a test has changed since, it begins anew. Its settings are in
`pyproject.toml`.

A change that no test notices is either a test that is missing, or it changes nothing that anybody could see. Those are
listed in `docs/mutants.md` with the reason, by function and changed line, so that the list survives other changes.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

BENCH = Path(".mutants")
SOURCES = (Path("libs/halosync/src/halosync"), Path("services/halo-writer/src/halo_writer"))
TESTS = (Path("tests/unit/domain"), Path("tests/unit/halo_writer"))
HABITS = (Path("tests/habits.py"), Path("tests/scheduler.py"))
PAGE = Path("docs/mutants.md")

_NOTICED = {"killed", "timeout"}
_NOT_TRIED = "not checked"
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
    _run(*(only or []))
    statuses = _statuses()
    if slow := [name for name, status in statuses.items() if status == "timeout"]:
        _run("--max-children", "1", *slow)  # on a machine with other work this alone may be why they took too long
        statuses |= {name: status for name, status in _statuses().items() if name in slow}
    tried = {name: status for name, status in statuses.items() if status != _NOT_TRIED}
    unnoticed = {mutant_of(name, _mutmut("show", name)) for name, status in tried.items() if status not in _NOTICED}
    listed = listed_on(PAGE.read_text("utf-8"))
    for mutant in sorted(unnoticed - listed):
        typer.echo(f"No test notices this, and {PAGE} does not list it:\n  {mutant}")
    gone = set() if only else listed - unnoticed
    for mutant in sorted(gone):
        typer.echo(f"{PAGE} lists this, but it is noticed or is no longer there:\n  {mutant}")
    left = 0 if only else len(statuses) - len(tried)
    typer.echo(f"{len(tried)} tried, {left} left, {len(unnoticed)} unnoticed, {len(listed)} listed.")
    if left or gone or unnoticed - listed:
        raise typer.Exit(1)


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
    for copied in (BENCH, BENCH / "mutants"):  # mutmut copies the tests itself, but leaves there what is gone
        shutil.rmtree(copied / "tests", ignore_errors=True)
    for tests in TESTS:
        _replace(tests, BENCH / tests)
    for path in (*HABITS, Path("pyproject.toml")):
        shutil.copy2(path, BENCH / path)
    for made in (BENCH / "mutants/src").rglob("*.py"):
        if not (BENCH / made.relative_to(BENCH / "mutants")).exists():
            made.unlink()


def _replace(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def _run(*arguments: str) -> None:
    try:
        _mutmut("run", *arguments, quiet=False)
    except subprocess.CalledProcessError:  # mutmut has said why: a test fails without any change, for one
        typer.echo("The changes were not tried to their end.")
        raise typer.Exit(1) from None


def _statuses() -> dict[str, str]:
    """Return what became of each mutant, by its name in mutmut."""
    results = _RESULT.finditer(_mutmut("results", "--all", "true"))
    return {result["mutant"]: result["status"] for result in results}


def _mutmut(*arguments: str, quiet: bool = True) -> str:
    """Run a command of mutmut and return what it says; where it may be heard, it says it itself."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    output = subprocess.PIPE if quiet else None
    done = subprocess.run(command, cwd=BENCH, check=True, stdout=output, text=True)  # noqa: S603 - our own arguments
    return done.stdout or ""
