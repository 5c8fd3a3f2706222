"""What a run costs Postgres before its first item: how many statements a planner sends, whatever the machine."""

from tests.integration.sent_statements import sent_over

from .conftest import Pipeline

WITHOUT_COPY = {"taking in": 8, "the first run": 40, "a later run": 55}
"""How many statements each of the three sends in all, BEGIN and COMMIT counted, COPY not.

Of a run, 10 are its order, and each page that is read of Halo takes 5: the first run reads 3, the later one 4.
"""


async def test_a_small_run_asks_only_what_has_an_answer(pipeline: Pipeline) -> None:
    lines = [{"product_code": f"P-{n}", "unit_price": "0.1"} for n in range(3)]
    async with sent_over(pipeline.pools.planner) as taking_in:
        await pipeline.invoice(lines)
    async with sent_over(pipeline.pools.planner) as first:
        assert (await pipeline.sync())["created"] == 3
    async with sent_over(pipeline.pools.planner) as later:
        assert (await pipeline.sync())["unchanged"] == 3
    sent = dict(zip(WITHOUT_COPY, (taking_in, first, later), strict=True))
    told = {name: [" ".join(each.split())[:70] for each in statements] for name, statements in sent.items()}
    assert {name: len(statements) for name, statements in sent.items()} == WITHOUT_COPY, told


async def test_no_statement_of_a_run_looks_up_what_an_array_is(pipeline: Pipeline) -> None:
    async with sent_over(pipeline.pools.planner) as sent:
        await pipeline.invoice([{}])
        assert (await pipeline.sync())["created"] == 1
    assert [each for each in sent if "typeinfo_tree" in each] == []
