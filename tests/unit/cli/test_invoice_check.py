"""`halosync invoice check` needs no server: it tells everything that is wrong, with field and line."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from halosync.cli.main import app
from typer.testing import CliRunner, Result

from tests.invoices import EVENT, LINE

BY_URL = {**EVENT, "lines": None, "lines_url": "https://invoices.example/1"}


def check(tmp_path: Path, event: object, *options: object) -> Result:
    file = tmp_path / "event.json"
    file.write_text(event if isinstance(event, str) else json.dumps(event))
    return CliRunner().invoke(app, ["invoice", "check", str(file), *map(str, options)])


def problems(result: Result) -> list[tuple[int | None, str]]:
    return [(problem["line"], problem["field"]) for problem in json.loads(result.stdout)["problems"]]


def test_a_good_invoice(tmp_path: Path) -> None:
    told = check(tmp_path, EVENT)
    assert told.exit_code == 0
    assert "INV-2026-11-0042 revision 1 of acme-msp: good, 1 line, 378.00 AUD." in told.stdout
    verdict = json.loads(check(tmp_path, EVENT, "--json").stdout)
    assert (verdict["ok"], verdict["line_count"], verdict["total"], verdict["problems"]) == (True, 1, "378.00", [])


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (EVENT | {"revision": 0, "period": "2026-13"}, [(None, "revision"), (None, "period")]),
        (EVENT | {"lines": [LINE | {"quantity": "x"}, {**LINE, "kind": "?"}]}, [(1, "quantity"), (2, "kind")]),
        (EVENT | {"total": "378.01"}, [(None, "total")]),
        (EVENT | {"lines": None}, [(None, "lines")]),
        ("{broken", [(None, "")]),
        ("[]", [(None, "")]),
    ],
)
def test_every_problem_has_its_field_and_line(
    tmp_path: Path, event: object, expected: list[tuple[int | None, str]]
) -> None:
    result = check(tmp_path, event, "--json")
    assert result.exit_code == 1
    assert problems(result) == expected


def test_people_get_a_table_of_problems(tmp_path: Path) -> None:
    told = check(tmp_path, EVENT | {"lines": [LINE | {"quantity": "[red]"}] * 30})
    assert told.exit_code == 1
    assert "quantity" in told.stdout
    assert "perhaps more" in told.stdout


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_lines_behind_a_url_can_be_checked_from_a_file(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    unread = check(tmp_path, BY_URL)
    assert (unread.exit_code, "were not checked" in unread.stdout) == (0, True)
    lines = tmp_path / "lines"
    lines.write_bytes(pack(json.dumps(LINE).encode() + b"\n\n"))
    verdict = json.loads(check(tmp_path, BY_URL, "--lines", lines, "--json").stdout)
    assert (verdict["ok"], verdict["lines_checked"], verdict["line_count"]) == (True, True, 1)
    lines.write_bytes(pack(json.dumps(LINE).encode() + b"\n{broken\n"))
    assert problems(check(tmp_path, BY_URL, "--lines", lines, "--json")) == [(2, "")]


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    missing = CliRunner().invoke(app, ["invoice", "check", str(tmp_path / "missing"), "--json"])
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert "cannot read" in missing.stderr
    lines = tmp_path / "lines.gz"
    lines.write_bytes(gzip.compress(json.dumps(LINE).encode() * 100)[:-9])
    cut = check(tmp_path, BY_URL, "--lines", lines)
    assert (cut.exit_code, "cannot read" in cut.stderr) == (1, True)
    both = check(tmp_path, EVENT, "--lines", lines)
    assert (both.exit_code, "leave out --lines" in both.stderr) == (1, True)
