from uuid import UUID

from halosync.domain.details import notes_of, restored_notes, stamp_in, stamp_of
from hypothesis import given
from hypothesis import strategies as st

RUN = UUID(int=7)


@given(st.text(max_size=300) | st.none(), st.text(max_size=50), st.uuids(), st.integers(0, 2**63), st.text(max_size=20))
def test_the_stamp_is_found_in_the_notes_whatever_stands_around_it(
    name: str | None, invoice: str, run: UUID, item: int, around: str
) -> None:
    stamp = stamp_of(run, item)
    notes = notes_of(name, invoice.replace("[halosync", ""), stamp)
    assert stamp_in(f"{around}\r\n{notes}{around}") == stamp


def test_another_item_or_run_has_another_stamp() -> None:
    assert len({stamp_of(RUN, 1), stamp_of(RUN, 2), stamp_of(UUID(int=8), 1)}) == 3


def test_notes_say_what_it_is_and_by_which_invoice() -> None:
    stamp = stamp_of(RUN, 1)
    assert (
        notes_of("Microsoft 365\nPremium", "INV-1", stamp)
        == f"[halosync {stamp}]\nMicrosoft 365 Premium\nInvoice INV-1"
    )
    assert notes_of(None, "INV-1", stamp) == f"[halosync {stamp}]\nInvoice INV-1"


def test_notes_of_others_have_no_stamp() -> None:
    assert stamp_in(None) is None
    assert stamp_in("[halosync ] [halosync XYZ]") is None


def test_a_licence_that_is_brought_back_says_which_it_was_and_bears_the_stamp() -> None:
    notes = restored_notes(17, "0123456789ab")
    assert "17" in notes
    assert stamp_in(notes) == "0123456789ab"
