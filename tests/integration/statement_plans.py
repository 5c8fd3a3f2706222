"""What Postgres does for a statement."""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for step in plan.get("Plans", ()):
        yield from _steps(step)


async def compared(pool: "asyncpg.Pool[Any]", statement: str, *arguments: Any) -> int:
    """Return how many rows a statement looked at in vain, where Postgres thinks a nested loop the best, as it may."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
        text = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *arguments)
    plan = text[0]["Plan"] if isinstance(text, list) else json.loads(text)[0]["Plan"]
    return sum(
        step.get(removed, 0) * step["Actual Loops"]
        for step in _steps(plan)
        for removed in ("Rows Removed by Join Filter", "Rows Removed by Filter")
    )
