"""What Postgres does for a statement: how many rows it looks at tells a good plan from a bad one on any machine."""

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from devstack.fields import Fields
from halosync.store.pool import Pool

Step: TypeAlias = Fields
"""A step of a plan, as EXPLAIN has it."""

_IN_VAIN = ("Rows Removed by Join Filter", "Rows Removed by Filter")


def _steps(plan: Step) -> Iterator[Step]:
    yield plan
    for step in plan.get("Plans", ()):
        yield from _steps(step)


async def _plan(connection: Any, statement: str, *arguments: Any) -> list[Step]:
    text = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *arguments)
    return list(_steps(text[0]["Plan"] if isinstance(text, list) else json.loads(text)[0]["Plan"]))


async def looked_at_in_vain(connection: object, statement: str, *arguments: object) -> int:
    """Return how many rows were read, or compared with others, and then thrown away."""
    steps = await _plan(connection, statement, *arguments)
    return int(sum(step.get(name, 0) * step["Actual Loops"] for step in steps for name in _IN_VAIN))


async def compared(pool: Pool, statement: str, *arguments: object) -> int:
    """Return how many rows a statement looked at in vain, where Postgres thinks a nested loop the best, as it may."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
        return await looked_at_in_vain(connection, statement, *arguments)


async def visited(connection: object, statement: str, *arguments: object) -> int:
    """Return how many rows the steps of a statement gave to each other or threw away."""
    steps = await _plan(connection, statement, *arguments)
    of_each = (
        (step["Actual Rows"] + sum(step.get(name, 0) for name in _IN_VAIN), step["Actual Loops"]) for step in steps
    )
    return int(sum(rows * loops for rows, loops in of_each))


async def body_of(pool: Pool, function: str, **arguments: str | list[str] | None) -> str:
    """Return the statement of a function with its parameters filled in, since EXPLAIN does not look into functions."""
    body = str(await pool.fetchval("SELECT prosrc FROM pg_proc WHERE proname = $1", function))
    for name, value in arguments.items():
        literal = f"'{value}'" if isinstance(value, str) else "NULL" if value is None else f"'{{{','.join(value)}}}'"
        body = body.replace(name, f"CAST({literal} AS text{'' if isinstance(value, str) else '[]'})")
    return body
