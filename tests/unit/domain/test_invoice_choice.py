"""Which invoices a run is for (spec section 9, "Which invoice")."""

from halosync.domain.invoice_choice import InvoiceCandidate, MonthInvoices, MonthOfCandidates, choose_invoices
from halosync.domain.line_numbers import MOST_LINES, line_name, line_offset
from halosync.domain.run_sentences import NoRun
from hypothesis import given
from hypothesis import strategies as st

PERIODS = st.sampled_from(["2026-09", "2026-10", "2026-11"])


def month(
    count: int = 1,
    *,
    meant: int = 0,
    choice: MonthInvoices | None = None,
    last_synced: str | None = None,
    currencies: tuple[str, ...] = ("AUD",),
) -> MonthOfCandidates:
    invoices = [InvoiceCandidate(place == meant, currencies[place % len(currencies)]) for place in range(count)]
    return MonthOfCandidates("2026-10", invoices, choice, last_synced)


@st.composite
def months(draw: st.DrawFn) -> MonthOfCandidates:
    count = draw(st.integers(1, 4))
    meant = draw(st.integers(0, count - 1))
    invoices = [InvoiceCandidate(place == meant, draw(st.sampled_from(["AUD", "NZD"]))) for place in range(count)]
    choice = draw(st.none() | st.sampled_from(MonthInvoices))
    return MonthOfCandidates(draw(PERIODS), invoices, choice, draw(st.none() | PERIODS))


def test_the_only_invoice_of_a_month_is_taken() -> None:
    assert choose_invoices(month(), allow_older=False) == (0,)


def test_an_older_month_than_the_one_synchronised_last_has_to_be_allowed() -> None:
    older = month(last_synced="2026-11")
    assert choose_invoices(older, allow_older=False) is NoRun.OLDER_PERIOD
    assert choose_invoices(older, allow_older=True) == (0,)
    assert choose_invoices(month(last_synced="2026-10"), allow_older=False) == (0,)


def test_several_invoices_of_a_month_wait_for_a_person_even_when_one_is_named() -> None:
    for meant in (0, 1):
        assert choose_invoices(month(2, meant=meant), allow_older=True) is NoRun.SEVERAL_INVOICES


def test_together_takes_all_whichever_was_named() -> None:
    for meant in (0, 2):
        together = month(3, meant=meant, choice=MonthInvoices.TOGETHER)
        assert list(choose_invoices(together, allow_older=False)) == [0, 1, 2]


def test_invoices_in_different_currencies_are_never_added_up() -> None:
    together = month(2, choice=MonthInvoices.TOGETHER, currencies=("AUD", "NZD"))
    assert choose_invoices(together, allow_older=False) is NoRun.SEVERAL_CURRENCIES


def test_when_only_the_newest_counts_an_older_one_of_the_month_has_to_be_allowed() -> None:
    assert choose_invoices(month(2, choice=MonthInvoices.NEWEST), allow_older=False) == (0,)
    named = month(2, meant=1, choice=MonthInvoices.NEWEST)
    assert choose_invoices(named, allow_older=False) is NoRun.OLDER_PERIOD
    assert choose_invoices(named, allow_older=True) == (1,)


@given(months(), st.booleans())
def test_a_run_is_for_what_was_meant_and_never_mixes_or_guesses(of: MonthOfCandidates, allow_older: bool) -> None:
    chosen = choose_invoices(of, allow_older=allow_older)
    if isinstance(chosen, NoRun):
        return
    assert any(of.invoices[place].is_meant for place in chosen)
    assert len({of.invoices[place].currency for place in chosen}) == 1
    assert len(chosen) == 1 or (of.choice is MonthInvoices.TOGETHER and len(chosen) == len(of.invoices))
    assert len(of.invoices) == 1 or of.choice is not None
    assert allow_older or of.last_synced is None or of.period >= of.last_synced


def test_a_line_of_another_invoice_says_of_which() -> None:
    assert line_name(7) == "7"
    assert line_offset(2) + 7 == 2_000_007
    assert line_name(2_000_007) == "7 (invoice 3)"


@given(st.integers(0, 9), st.integers(1, MOST_LINES))
def test_each_line_of_a_run_has_its_own_number_and_a_name_that_people_know(place: int, line_no: int) -> None:
    name = line_name(line_no + line_offset(place))
    assert name == (f"{line_no}" if place == 0 else f"{line_no} (invoice {place + 1})")
