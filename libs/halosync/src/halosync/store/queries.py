"""The named queries of `sql/*.sql`, loaded by aiosql.

Every query has a name and `:named` parameters, and its reason where its text does not tell it. Call them as
`QUERIES.name(connection, parameter=value)`. The suffix in the file says what comes back: none = rows, `^` = a row or
None, `$` = a value, `!` = a status, `*!` = nothing, for many.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import aiosql
import asyncpg
from aiosql.adapters.asyncpg import AsyncPGAdapter

RowsQuery: TypeAlias = Callable[..., AsyncIterator[asyncpg.Record]]
"""A query that returns rows."""

_SQL = Path(__file__).with_name("sql")
_NAME = re.compile(r"^-- name: (\w+)", re.MULTILINE)


class _Adapter(AsyncPGAdapter):
    """Asks a pool or a connection, which have the same methods for it.

    aiosql's own asks each time, by going through all names that the one in hand has, which of the two it is: a
    twentieth of a planner's work on a small run.
    """

    async def select(
        self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any], _record_class: Any = None
    ) -> AsyncIterator[Any]:
        for row in await conn.fetch(sql, *self._ordered(query_name, parameters)):
            yield row

    async def select_one(
        self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any], _record_class: Any = None
    ) -> Any:
        return await conn.fetchrow(sql, *self._ordered(query_name, parameters))

    async def select_value(self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any]) -> Any:
        return await conn.fetchval(sql, *self._ordered(query_name, parameters))

    async def insert_update_delete(self, conn: Any, query_name: str, sql: str, parameters: Mapping[str, Any]) -> Any:
        return await conn.execute(sql, *self._ordered(query_name, parameters))

    async def insert_update_delete_many(
        self, conn: Any, query_name: str, sql: str, parameters: Sequence[Mapping[str, Any]]
    ) -> None:
        await conn.executemany(sql, [self._ordered(query_name, each) for each in parameters])

    def _ordered(self, query_name: str, parameters: Mapping[str, Any]) -> list[Any]:
        return [parameters[name] for name in self.var_sorted[query_name]]


class _Queries:
    """All of them; a file is loaded when one of its queries is first asked for: a service uses a quarter of them."""

    def __init__(self, folder: Path) -> None:
        self._adapter: Any = _Adapter  # of which the library's own types know only the suite of its methods
        self._files = {name: file for file in folder.glob("*.sql") for name in _NAME.findall(file.read_text("utf-8"))}

    def __getattr__(self, name: str) -> object:
        file = self._files.get(name)
        if file is None:
            raise AttributeError(f"no query is named {name}", name=name, obj=self)
        # The parameters are named in the query itself.
        loaded = aiosql.from_path(file, self._adapter, mandatory_parameters=False)
        for each in loaded.available_queries:
            setattr(self, each, getattr(loaded, each))
        return getattr(loaded, name)


QUERIES: Any = _Queries(_SQL)
