"""The list of mutants that no test can notice is read, and compared, by function and changed line."""

import shutil
import sys
from pathlib import Path

import pytest
import typer
from devstack import mutants
from devstack.mutants import Mutant, listed_on, mutant_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "mutants.md"
DIFF = """# halosync.domain.retry.x_next_step__mutmut_50: survived
--- src/halosync/domain/retry.py
+++ src/halosync/domain/retry.py
@@ -39,4 +39,4 @@
         case FailureClass.OUTCOME_UNKNOWN:
-            return a | b
+            return a
"""


def test_a_mutant_is_known_by_its_function_and_its_changed_line() -> None:
    name = "halosync.domain.retry.x_next_step__mutmut_50"
    assert mutant_of(name, DIFF) == Mutant("halosync.domain.retry.next_step", "return a | b", "return a")


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


def test_where_no_change_could_be_tried_the_command_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutants, "BENCH", tmp_path)
    monkeypatch.setattr(mutants, "_make_bench", lambda: None)
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(typer.Exit):
        mutants.mutants(["halosync.domain.retry*"])
