"""The list of mutants that no test can notice is read, and compared, by function and changed line.

The command fails when something is not as the list says, and when not everything was tried.
"""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from devstack import mutants
from devstack.mutants import Mutant, listed_on, mutant_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "mutants.md"
LEFT_OUT = PAGE.read_text("utf-8").partition("| --- |")[0]
DIFF = """# halosync.domain.retry.x_next_step__mutmut_50: survived
--- src/halosync/domain/retry.py
+++ src/halosync/domain/retry.py
@@ -39,4 +39,4 @@
         case FailureClass.OUTCOME_UNKNOWN:
-            return a | b
+            return a
"""

NAME = "halosync.domain.retry.x_next_step__mutmut_50"
ROW = "| `halosync.domain.retry.next_step` | `return a \\| b` | `return a` | nobody can see it |"


def test_a_module_in_which_nothing_is_changed_is_named() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]
    sources = [source for pattern in settings["only_mutate"] for source in _sources(pattern)]
    left_out = [source for pattern in settings["do_not_mutate"] for source in _sources(pattern)]
    unchanged = {
        source.name
        for source in sources
        if source not in left_out and source.name != "__init__.py" and not any(_changed_functions(source))
    }
    assert len(sources) > len(left_out) > 1
    assert unchanged == set(re.findall(r"`domain/(\w+\.py)`", LEFT_OUT)) - {file.name for file in left_out}


def _sources(pattern: str) -> list[Path]:
    package = Path(pattern).parts[1]
    [root] = [source for source in mutants.SOURCES if source.name == package]
    return sorted((ROOT / root).glob(Path(pattern).relative_to("src", package).as_posix()))


def _changed_functions(source: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
            if decorators <= {"classmethod", "staticmethod"}:
                yield node


def test_a_mutant_is_known_by_its_function_and_its_changed_line() -> None:
    assert mutant_of(NAME, DIFF) == Mutant("halosync.domain.retry.next_step", "return a | b", "return a")


def test_the_function_of_a_mutant_may_be_private_or_a_method() -> None:
    assert mutant_of("halosync.domain.planning.x__skipped__mutmut_6", DIFF).function == (
        "halosync.domain.planning._skipped"
    )
    assert mutant_of("halosync.domain.model.xǁDeleteGuardǁtrips__mutmut_1", DIFF).function == (
        "halosync.domain.model.DeleteGuard.trips"
    )


def test_a_row_of_the_page_is_the_mutant_that_it_was_written_from() -> None:
    mutant = Mutant("f", "a | b", "nothing")
    assert listed_on(str(mutant)) == set()  # it has no reason yet
    assert listed_on(str(mutant).replace("reason", "nobody can see it")) == {mutant}


def test_every_row_of_the_page_has_a_reason() -> None:
    page = PAGE.read_text("utf-8")
    assert len(listed_on(page)) == sum(line.startswith("| `") for line in page.splitlines())


class _Mutmut:
    """A mutmut that has one mutant: each run of it ends with the next status, and it may break off."""

    def __init__(self, *statuses: str, breaks_off: bool = False) -> None:
        self.statuses = list(statuses)
        self.breaks_off = breaks_off
        self.runs: list[tuple[str, ...]] = []

    def __call__(self, command: str, *arguments: str, **_: bool) -> str:
        match command:
            case "run":
                self.runs.append(arguments)
                if self.breaks_off:
                    raise subprocess.CalledProcessError(1, "mutmut")
                return ""
            case "results":
                return f"    {NAME}: {self.statuses[len(self.runs) - 1]}\n"
            case _:
                return DIFF


def tried(
    mutmut: _Mutmut, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, only: list[str] | None = None
) -> int:
    """Return the exit code of the command where mutmut says this and the page lists that."""
    (tmp_path / "mutants.md").write_text(page)
    monkeypatch.setattr(mutants, "PAGE", tmp_path / "mutants.md")
    monkeypatch.setattr(mutants, "_make_bench", lambda: None)
    monkeypatch.setattr(mutants, "_mutmut", mutmut)
    try:
        mutants.mutants(only)
    except typer.Exit as end:
        return end.exit_code
    return 0


@pytest.mark.parametrize(
    ("status", "page", "code"),
    [
        ("killed", "", 0),
        ("killed", ROW, 1),
        ("survived", "", 1),
        ("survived", ROW, 0),
        ("no tests", "", 1),
        ("suspicious", "", 1),
        ("not checked", "", 1),
    ],
)
def test_the_command_fails_unless_all_were_tried_and_just_the_listed_are_unnoticed(
    status: str, page: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tried(_Mutmut(status), page, tmp_path, monkeypatch) == code


@pytest.mark.parametrize(("status", "code"), [("killed", 0), ("not checked", 0), ("survived", 1)])
def test_where_some_are_asked_for_nothing_is_said_about_the_others(
    status: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ROW.replace("retry", "delivery")
    assert tried(_Mutmut(status), other, tmp_path, monkeypatch, ["*"]) == code


@pytest.mark.parametrize(("alone", "code"), [("timeout", 0), ("killed", 0), ("survived", 1)])
def test_what_took_too_long_is_tried_again_with_nothing_beside_it(
    alone: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutmut = _Mutmut("timeout", alone)
    assert tried(mutmut, "", tmp_path, monkeypatch) == code
    assert mutmut.runs == [(), ("--max-children", "1", NAME)]


def test_what_is_gone_from_the_repository_is_gone_from_the_bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = [tmp_path / "mutants/tests/unit/domain/test_gone.py", tmp_path / "mutants/src/halosync/domain/gone.py"]
    for file in gone:
        file.parent.mkdir(parents=True)
        file.touch()
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(mutants, "BENCH", tmp_path)
    mutants._make_bench()
    assert [file for file in gone if file.exists()] == []
    assert (tmp_path / "tests/unit/domain").is_dir()
    assert (tmp_path / "src/halosync/domain").is_dir()


def test_where_mutmut_breaks_off_the_command_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tried(_Mutmut("killed", breaks_off=True), "", tmp_path, monkeypatch) == 1


def test_where_no_change_could_be_tried_the_command_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutants, "BENCH", tmp_path)
    monkeypatch.setattr(mutants, "_make_bench", lambda: None)
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(typer.Exit):
        mutants.mutants(["halosync.domain.retry*"])
