"""Every act about runs and months, done once by the store that does it."""

from collections.abc import AsyncIterator
from uuid import UUID

from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.run_order import Approval, RunMode
from halosync.store.kept import HaloLicences

from .stage import BY, PARTNER, PAUSE, Stage


async def start(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    yield str(await stage.start())


async def preview(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    yield str(await stage.start(RunMode.PREVIEW, approve_removals=3))


async def approve(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    yield str(await stage.start(approve_removals=3))


async def review(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    yield str(await stage.start(approve_review=3))


async def ended(stage: Stage, outcome: str) -> tuple[UUID, int]:
    """Return a run that has ended, and its item."""
    run_id = await stage.start()
    item_id = await stage.pool.fetchval(
        """INSERT INTO item (run_id, seq, customer_ids, customer_name, halo_client_id, halo_licence_id, action,
                             outcome, line_nos) VALUES ($1, 0, '{C-1}', 'Contoso', 7, 5, 'delete', $2, '{}')
        RETURNING item_id""",
        run_id,
        outcome,
    )
    await stage.pool.execute("UPDATE run SET state = 'succeeded', price_field = 'price' WHERE run_id = $1", run_id)
    return run_id, item_id


async def undo(stage: Stage) -> AsyncIterator[str]:
    run_id, _ = await ended(stage, "synced")
    yield PAUSE
    yield str(await stage.start(RunMode.UNDO, undoes=run_id))


async def preview_undo(stage: Stage) -> AsyncIterator[str]:
    run_id, _ = await ended(stage, "synced")
    yield PAUSE
    yield str(await stage.start(RunMode.UNDO_PREVIEW, undoes=run_id))


async def approve_items(stage: Stage) -> AsyncIterator[str]:
    run_id, item_id = await ended(stage, "held")
    yield PAUSE
    yield str(await stage.start(approve=Approval(run_id, frozenset({item_id}))))


async def keep(stage: Stage) -> AsyncIterator[str]:
    await stage.pool.execute(
        """INSERT INTO halo_licence (partner_id, halo_licence_id, halo_client_id, name, is_active)
        VALUES ($1, 5, 7, 'OLD', true)""",
        PARTNER,
    )
    yield PAUSE
    for _ in range(2):  # what is kept already is kept once
        assert await HaloLicences(stage.pool).keep(PARTNER, 5, keep=True, by=BY)
    yield "5"


async def accept(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    yield str(await stage.start(accept_shrunk_read=True))


async def cancel(stage: Stage) -> AsyncIterator[str]:
    run_id = await stage.start()
    yield PAUSE
    assert await stage.runs.cancel(PARTNER, run_id, by=BY)
    yield str(run_id)


async def accept_in_month(stage: Stage) -> AsyncIterator[str]:
    item_key = await stage.thing()
    yield PAUSE
    await stage.months.accept(PARTNER, "2026-11", item_key, "By hand.", by=BY)
    yield "2026-11"


async def withdraw(stage: Stage) -> AsyncIterator[str]:
    item_key = await stage.thing()
    await stage.months.accept(PARTNER, "2026-11", item_key, "By hand.", by=BY)
    yield PAUSE
    assert await stage.months.withdraw(PARTNER, "2026-11", item_key, by=BY)
    yield "2026-11"


async def choose_invoices(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    await stage.month_choices.choose_invoices(PARTNER, "2026-11", MonthInvoices.NEWEST, by=BY)
    yield "2026-11"


async def close_month(stage: Stage) -> AsyncIterator[str]:
    yield PAUSE
    closing = await stage.months.close(PARTNER, "2026-11", seen=0, by=BY)
    assert closing is not None
    yield "2026-11"
