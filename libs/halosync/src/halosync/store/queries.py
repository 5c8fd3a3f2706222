"""The named queries of `sql/*.sql`, loaded by aiosql.

Every query has a name and `:named` parameters, and its reason where its text does not tell it. Call them as
`QUERIES.name(connection, parameter=value)`. The suffix in the file says what comes back: none = rows, `^` = a row or
None, `$` = a value, `!` = a status, `*!` = nothing, for many.
"""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeAlias

import aiosql
import asyncpg

RowsQuery: TypeAlias = Callable[..., AsyncIterator[asyncpg.Record]]
"""A query that returns rows."""

_SQL = Path(__file__).with_name("sql")
_NAME = re.compile(r"^-- name: (\w+)", re.MULTILINE)


class _Queries:
    """All of them; a file is loaded when one of its queries is first asked for: a service uses a quarter of them."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: file for file in folder.glob("*.sql") for name in _NAME.findall(file.read_text("utf-8"))}

    def __getattr__(self, name: str) -> object:
        file = self._files.get(name)
        if file is None:
            raise AttributeError(f"no query is named {name}", name=name, obj=self)
        # The parameters are named in the query itself.
        loaded = aiosql.from_path(file, "asyncpg", mandatory_parameters=False)
        for each in loaded.available_queries:
            setattr(self, each, getattr(loaded, each))
        return getattr(loaded, name)


QUERIES: Any = _Queries(_SQL)
