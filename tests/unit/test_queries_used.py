"""No named query is left behind by the code that called it."""

import re
from pathlib import Path

import halosync.store

ROOT = Path(__file__).resolve().parents[2]
SQL = Path(halosync.store.__file__).with_name("sql")


def test_every_query_is_called() -> None:
    names = {
        name for file in SQL.glob("*.sql") for name in re.findall(r"^-- name: (\w+)", file.read_text(), re.MULTILINE)
    }
    code = "\n".join(path.read_text("utf-8") for part in ("libs", "services") for path in (ROOT / part).rglob("*.py"))
    assert len(names) > 200
    assert sorted(names - set(re.findall(r"\w+", code))) == []
