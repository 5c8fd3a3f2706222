"""`halosync month`: which of several invoices of a month count."""

import pytest
from halosync.store.pool import Pool

from .conftest import Run

pytestmark = pytest.mark.integration


async def test_a_month_with_several_invoices_is_said_to_count_together(command: Run, acme: str, pool: Pool) -> None:
    await pool.execute(
        """INSERT INTO invoice
               (partner_id, invoice_id, revision, event_id, period, currency, issued_at, line_count, total)
           VALUES ('acme', 'INV-2', 1, gen_random_uuid(), '2026-11', 'AUD', now(), 1, 378)"""
    )
    shown = (await command("month", "show", acme, "--json")).json()
    assert (shown["period"], sorted(shown["invoice_ids"]), shown["invoices"]) == ("2026-11", ["INV-1", "INV-2"], None)
    assert (await command("month", "choose", acme, "2026-11", "together")).exit_code == 0
    assert (await command("month", "show", "--partner", acme, "--json")).json()["invoices"] == "together"
    assert await pool.fetchval("SELECT actor FROM audit_entry WHERE act = 'month.invoices_chosen'") == "operator"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["acme", "2026-12", "newest"], 1, "has no invoice for 2026-12"),
        (["acme", "2026-13", "newest"], 2, "must be a month"),
        (["acme", "2026-11", "both"], 2, "both"),
        (["nobody", "2026-11", "newest"], 1, "has no invoice for 2026-11"),
    ],
)
async def test_what_cannot_be_chosen_is_told(
    command: Run, acme: str, arguments: list[str], status: int, words: str
) -> None:
    assert acme
    failed = await command("month", "choose", *arguments)
    assert failed.exit_code == status
    assert words in failed.stderr
