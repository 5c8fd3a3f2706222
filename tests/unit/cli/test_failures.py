"""Whatever Postgres or its driver raises, the command says in one line."""

import re
from pathlib import Path

import asyncpg
import pytest
import typer
from halosync.cli.failures import told
from halosync.postgres_failures import PASSING, POSTGRES_FAILURES
from halosync.runtime.unreachable import UnreachableError, reaching

SOURCES = Path(__file__).parents[3]
KINDS = list(dict.fromkeys([*POSTGRES_FAILURES, *PASSING]))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_failure_of_postgres_is_a_line_and_no_traceback(
    kind: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, told():
        raise kind("another operation is in progress")
    said = capsys.readouterr().err
    assert (ended.value.exit_code, said.count("\n")) == (1, 1)
    assert "another operation is in progress" in said


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_database_that_cannot_be_reached_is_named(kind: type[Exception]) -> None:
    with (
        pytest.raises(UnreachableError, match=r"cannot reach Postgres at db/halosync: .+HALOSYNC_DATABASE_URL"),
        reaching("Postgres", "HALOSYNC_DATABASE_URL", "postgresql://somebody:secret@db/halosync"),
    ):
        raise kind("gone")


def test_the_list_has_all_that_the_driver_can_raise() -> None:
    raised = [
        each
        for name in asyncpg.exceptions.__all__
        if issubclass(each := getattr(asyncpg.exceptions, name), Exception) and not issubclass(each, Warning)
    ]
    assert len(raised) > 200
    assert [each.__name__ for each in raised if not issubclass(each, POSTGRES_FAILURES)] == []


def test_no_module_keeps_a_list_of_its_own() -> None:
    """Such a list lacked `InternalClientError` twice: once a relay ended of it, once it was a traceback."""
    named = re.compile(r"asyncpg\.(InterfaceError|InternalClientError)")
    files = [file for room in ("libs", "services") for file in (SOURCES / room).rglob("*.py")]
    assert len(files) > 400
    assert [file.name for file in files if named.search(file.read_text())] == ["postgres_failures.py"]
