"""`make audit` never calls clean what it has not looked at."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "requirements" / "audit.py"
CLEAN = {"name": "one", "version": "1.0", "vulns": []}
WEAK = {"name": "two", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}
UNKNOWN = {"name": "three", "skip_reason": "Dependency not found on PyPI and could not be audited: three (3.0)"}
AWAY = "No database of known weaknesses could be reached; give the bill of materials to one that can."


@pytest.fixture
def program() -> Any:
    spec = importlib.util.spec_from_file_location("audit", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("packages", "line", "status"),
    [
        ([CLEAN], "No weakness of them is known.", 0),
        ([CLEAN, WEAK], "two 2.0: PYSEC-1, mended in 2.1", 1),
        ([UNKNOWN, UNKNOWN], AWAY, 0),
        ([CLEAN, UNKNOWN], "Not looked at, because the database does not know them: three.", 0),
        (None, AWAY, 0),
    ],
)
def test_it_tells_what_is_known_and_what_is_not(
    program: Any, capsys: pytest.CaptureFixture[str], packages: list[object] | None, line: str, status: int
) -> None:
    program.write_bill = lambda: 2
    program.asked = lambda: "" if packages is None else json.dumps({"dependencies": packages})
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == status
    assert capsys.readouterr().out.splitlines() == ["build/sbom.cdx.json: 2 packages", line]
