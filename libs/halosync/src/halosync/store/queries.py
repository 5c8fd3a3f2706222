"""The named queries of `sql/*.sql`, loaded once by aiosql.

Every query has a name, a reason, and `:named` parameters. Call them as `QUERIES.name(connection, parameter=value)`;
the suffix in the file says what comes back: none = rows, `^` = a row or None, `$` = a value, `!` = a status,
`*!` = nothing, for many.
"""

from pathlib import Path
from typing import Any, TypeAlias

import aiosql
import asyncpg

QUERIES: Any = aiosql.from_path(
    Path(__file__).with_name("sql"),
    "asyncpg",
    mandatory_parameters=False,  # the parameters are named in the query itself
)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
"""A connection, from a pool or not. Text: asyncpg's classes are generic in its stubs only."""
