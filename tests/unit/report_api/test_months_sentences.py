"""What helps with the reasons of a month, by reason alone."""

from decimal import Decimal
from uuid import UUID

import pytest
from halosync.domain.model import Reason
from halosync.domain.month import MonthReason, ReasonSum
from report_api.months.sentences import advice, button


@pytest.mark.parametrize("held", [0, 1])
@pytest.mark.parametrize("reason", [MonthReason.NOT_SYNCHRONISED, MonthReason.IN_PROGRESS])
def test_what_only_waits_for_a_sync_leads_to_it_held_or_not(reason: MonthReason, held: int) -> None:
    """A held item that another invoice bills more of is planned anew by the next Sync."""
    help_with = button(ReasonSum(reason, 1, Decimal(5), keeps_open=1, held=held))
    assert help_with is not None
    assert help_with.tab == ""


def test_what_is_held_itself_leads_to_its_page_although_a_month_has_the_same_word() -> None:
    help_with = button(ReasonSum(MonthReason.EDITED_IN_HALO, 1, Decimal(5), keeps_open=1, held=1), run_id=UUID(int=7))
    assert help_with is not None
    assert help_with.tab == f"runs/{UUID(int=7)}/held"


@pytest.mark.parametrize(
    ("keeps_open", "accepted", "told"),
    [
        (1, 1, "Ask for a corrected invoice, or accept it"),
        (0, 2, "Accepted"),
        (0, 1, "Nothing to do"),
        (0, 0, "Nothing to do"),
    ],
)
def test_what_is_accepted_is_said_to_be(keeps_open: int, accepted: int, told: str) -> None:
    each = ReasonSum(Reason.NEGATIVE_QUANTITY, 2, Decimal(5), keeps_open=keeps_open, held=0, accepted=accepted)
    assert advice(each) == told
