"""`halosync month`: which invoices of a month count, where there are several (spec section 9, "Which invoice")."""

import re
from typing import Annotated

import typer

from halosync.cli.connections import with_database
from halosync.cli.failures import CommandError
from halosync.cli.named_partner import Behind, ByOption, named_partner
from halosync.cli.output import Json, emit_json, say
from halosync.contracts.patterns import PERIOD
from halosync.domain.acts import COMMAND_LINE
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.run_sentences import WHY_NO_RUN
from halosync.ports.run_start import NoInvoiceError, SeveralInvoicesError
from halosync.store.month_choices import MonthChoices
from halosync.store.pool import Pool

app = typer.Typer(help="Months: which of several invoices count.", no_args_is_help=True)

Partner = Annotated[str, typer.Argument(metavar="PARTNER", help="The partner.")]


def _period(value: str) -> str:
    if re.fullmatch(PERIOD, value) is None:
        raise typer.BadParameter("must be a month, YYYY-MM, such as 2026-11")
    return value


Period = Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month that is billed.", callback=_period)]


@app.command("show")
def show(behind: Behind = None, by_option: ByOption = None, *, as_json: Json = False) -> None:
    """Show the newest month: its invoices, and what was said of them.

    Example: halosync month show acme-msp
    """
    partner = named_partner(behind, by_option)
    month = with_database(lambda pool: MonthChoices(pool).newest(partner))
    if month is None:
        raise CommandError(f"no invoice has come for {partner!r}: look for the partner with halosync partner list")
    if as_json:
        emit_json({"period": month.period, "invoice_ids": list(month.invoice_ids), "invoices": month.choice})
        return
    say(f"{month.period}: {', '.join(month.invoice_ids)}. What counts: {month.choice or 'nobody has said it yet'}.")
    if month.why_not is not None:
        say(WHY_NO_RUN[month.why_not])


@app.command("choose")
def choose(
    partner: Partner,
    period: Period,
    invoices: Annotated[MonthInvoices, typer.Argument(help="What counts: all their lines together, or the newest.")],
    *,
    as_json: Json = False,
) -> None:
    """Say which invoices of a month count, where several do not replace one another. No run begins before that.

    Example: halosync month choose acme-msp 2026-11 together
    """

    async def change(pool: Pool) -> None:
        try:
            await MonthChoices(pool).choose_invoices(partner, period, invoices, by=COMMAND_LINE)
        except NoInvoiceError:
            raise CommandError(
                f"{partner!r} has no invoice for {period}: see which there are with halosync month show"
            ) from None
        except SeveralInvoicesError as error:
            raise CommandError(WHY_NO_RUN[error.why]) from None

    with_database(change)
    if as_json:
        emit_json({"partner_id": partner, "period": period, "invoices": invoices})
    elif invoices is MonthInvoices.TOGETHER:
        say(f"The invoices of {period} count together. Next: halosync run start {partner}")
    else:
        say(f"Only the newest invoice of {period} counts. Next: halosync run start {partner}")
