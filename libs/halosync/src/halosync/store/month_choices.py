"""What a person has said of a month (spec section 9, "Which invoice")."""

from halosync.domain.acts import Act, Actor
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.run_sentences import NoRun
from halosync.ports.months import NewestMonth
from halosync.ports.run_start import NoInvoiceError, SeveralInvoicesError
from halosync.store.audit import record
from halosync.store.invoice_choice import month_of_run
from halosync.store.invoice_views import loaded_invoice
from halosync.store.pool import Pool
from halosync.store.queries import QUERIES


class MonthChoices:
    """The months of partners in Postgres.

    Arguments and errors: the Protocol `report_api.stores.invoices.MonthChoices`.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def choose_invoices(self, partner_id: str, period: str, choice: MonthInvoices, *, by: Actor) -> None:
        """Say which invoices of a month count; saying the same again changes nothing."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = [row async for row in QUERIES.invoices_of_month(connection, partner_id=partner_id, period=period)]
            if not rows:
                raise NoInvoiceError(period)
            if choice is MonthInvoices.TOGETHER and len({row["currency"] for row in rows}) > 1:
                raise SeveralInvoicesError(NoRun.SEVERAL_CURRENCIES, period, [row["invoice_id"] for row in rows])
            if await QUERIES.choose_month_invoices(connection, partner_id=partner_id, period=period, choice=choice):
                await record(
                    connection,
                    by,
                    Act.INVOICES_CHOSEN,
                    partner_id=partner_id,
                    subject=period,
                    detail={"invoices": choice, "invoice_ids": [row["invoice_id"] for row in rows]},
                )

    async def exists(self, partner_id: str, period: str) -> bool:
        """Tell whether a month has invoices."""
        return bool([row async for row in QUERIES.invoices_of_month(self._pool, partner_id=partner_id, period=period)])

    async def newest(self, partner_id: str) -> NewestMonth | None:
        """Return the month of the newest invoice, as a Sync would take it; None before the first invoice."""
        of = await month_of_run(self._pool, partner_id, None)
        if of is None:
            return None
        invoices = of.chosen(allow_older=False)
        return NewestMonth(
            period=of.month.period,
            invoice_ids=[row["invoice_id"] for row in of.rows],
            currencies=sorted({each.currency for each in of.month.invoices}),
            choice=of.month.choice,
            counting=[] if isinstance(invoices, NoRun) else [row["invoice_pk"] for row in invoices],
            why_not=invoices if isinstance(invoices, NoRun) else None,
            newest=loaded_invoice(of.meant),
        )
