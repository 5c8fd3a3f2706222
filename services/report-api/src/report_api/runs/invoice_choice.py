"""What a person says of a month, from a call or a form."""

from halosync.domain.acts import Actor
from halosync.domain.invoice_choice import MonthInvoices
from halosync.domain.run_sentences import WHY_NO_RUN
from halosync.ports.run_start import NoInvoiceError, SeveralInvoicesError

from report_api.ports import Ports
from report_api.web.problems import Problem, not_found

NO_MONTH = "There is no invoice for this month."


async def choose_invoices(ports: Ports, partner_id: str, period: str, choice: MonthInvoices, by: Actor) -> None:
    """Say which invoices of a month count.

    Raises:
        Problem: 404, the month has no invoice; 409 `several_currencies`, they cannot count together.
    """
    try:
        await ports.month_choices.choose_invoices(partner_id, period, choice, by=by)
    except NoInvoiceError:
        raise not_found(NO_MONTH) from None
    except SeveralInvoicesError as error:
        raise Problem(409, error.why.value, WHY_NO_RUN[error.why]) from None
