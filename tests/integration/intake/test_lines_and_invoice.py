"""Lines as stored: written as they came, and kept with their invoice without a foreign key asked for each of them."""

import asyncpg
import pytest

from tests.invoices import line

from .desk import PARTNER, Desk

pytestmark = pytest.mark.integration

ORPHANS = "SELECT count(*) FROM invoice_line WHERE invoice_pk NOT IN (SELECT invoice_pk FROM invoice)"


async def test_what_copy_takes_for_a_sign_is_stored_as_it_came(desk: Desk) -> None:
    odd = [r"\N", r"\.", "\\", r"a\tb", "quoted \"and\" 'so'", "snø\U0001f40d"]
    await desk.take_in(lines=[line(number, product_code=code) for number, code in enumerate(odd, 1)])
    assert await desk.lines() == list(enumerate(odd, 1))


async def test_there_is_no_line_without_its_invoice(desk: Desk) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="an invoice that is not there"):
        await desk.pool.execute(
            "INSERT INTO invoice_line SELECT 77, n, n, 'C', 'C', 'P', 'P', 'usage', 1, 1, ''"
            " FROM generate_series(1, 2) n"
        )


async def test_an_invoice_goes_with_its_lines(desk: Desk) -> None:
    await desk.take_in(lines=[line(1), line(2)])
    await desk.take_in(invoice_id="INV-2")
    await desk.pool.execute("DELETE FROM invoice WHERE invoice_id = 'INV-2'")
    assert (await desk.lines(), await desk.pool.fetchval(ORPHANS)) == ([(1, "P-1"), (2, "P-1")], 0)
    await desk.pool.execute("DELETE FROM partner WHERE partner_id = $1", PARTNER)
    assert await desk.lines() == []
