"""What a run costs Postgres before its first item: how many statements a planner sends, whatever the machine."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from halosync.store.pool import Pool

from .conftest import Pipeline

WITHOUT_COPY = {"taking in": 8, "the first run": 51, "a later run": 71}
"""With the order of the run (9) and eight or nine for each page: the first run asks for 3, the later for 4."""


@asynccontextmanager
async def sent_by(pool: Pool) -> AsyncIterator[list[str]]:
    """Collect the statements that are sent over the connections of a pool; the library does not tell of COPY."""
    sent: list[str] = []

    def note(statement: Any) -> None:
        sent.append(statement.query)

    for add in (True, False):
        async with AsyncExitStack() as exits:
            for _ in range(pool.get_max_size()):
                connection: Any = await exits.enter_async_context(pool.acquire())
                change = connection.add_query_logger if add else connection.remove_query_logger
                change(note)
        if add:
            yield sent


async def test_a_small_run_asks_only_what_has_an_answer(pipeline: Pipeline) -> None:
    lines = [{"product_code": f"P-{n}", "unit_price": "0.1"} for n in range(3)]
    async with sent_by(pipeline.pools.planner) as taking_in:
        await pipeline.invoice(lines)
    async with sent_by(pipeline.pools.planner) as first:
        assert (await pipeline.sync())["created"] == 3
    async with sent_by(pipeline.pools.planner) as later:
        assert (await pipeline.sync())["unchanged"] == 3
    sent = dict(zip(WITHOUT_COPY, (taking_in, first, later), strict=True))
    told = {name: [" ".join(each.split())[:70] for each in statements] for name, statements in sent.items()}
    assert {name: len(statements) for name, statements in sent.items()} == WITHOUT_COPY, told


async def test_no_statement_of_a_run_looks_up_what_an_array_is(pipeline: Pipeline) -> None:
    async with sent_by(pipeline.pools.planner) as sent:
        await pipeline.invoice([{}])
        assert (await pipeline.sync())["created"] == 1
    assert [each for each in sent if "typeinfo_tree" in each] == []
