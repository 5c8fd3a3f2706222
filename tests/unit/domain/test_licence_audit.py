"""What an audit of a Halo's licences finds."""

from dataclasses import replace
from decimal import Decimal

from halosync.domain.licence_audit import Known, audit
from halosync.domain.model import LastWritten, Licence, LicenceState, PriceField

LICENCE = Licence(5, 1, "Microsoft 365", Decimal(3), Decimal(10), None, "Monthly")
STATE = LicenceState(Decimal(3), Decimal(10), "Monthly", active=True)
KNOWN = Known(LICENCE, owned=True, last=LastWritten("Microsoft 365", STATE, PriceField.PRICE))


def test_what_is_as_it_was_written_is_clean() -> None:
    others = Known(replace(LICENCE, id=6, name="Azure"), owned=False)
    assert audit([KNOWN, others], {5: KNOWN, 6: others}).clean


def test_an_edit_is_told_with_both_values() -> None:
    edited = replace(KNOWN, licence=replace(LICENCE, quantity=Decimal(4)))
    found = audit([KNOWN], {5: edited})
    ((licence, drift),) = found.drifted
    assert (licence.id, [(each.field, each.we_wrote, each.halo_has) for each in drift]) == (5, [("quantity", "3", "4")])
    assert not found.clean
    dearer = replace(KNOWN, licence=replace(LICENCE, price=Decimal(11)))
    assert [edits[0].field for _, edits in audit([KNOWN], {5: dearer}).drifted] == ["price"]


def test_two_active_licences_of_one_name_are_duplicates() -> None:
    twin = Known(replace(LICENCE, id=6, name=" MICROSOFT  365"), owned=False)
    found = audit([], {5: KNOWN, 6: twin})
    assert [[licence.id for licence in twins] for twins in found.duplicates] == [[5, 6]]
    assert not found.clean
    inactive = replace(twin, licence=replace(twin.licence, is_active=False))
    elsewhere = replace(twin, licence=replace(twin.licence, client_id=2))
    assert audit([], {5: KNOWN, 6: inactive}).clean
    assert audit([], {5: KNOWN, 6: elsewhere}).clean


def test_what_halosync_wrote_and_halo_no_longer_shows_is_missing() -> None:
    others = Known(replace(LICENCE, id=6), owned=False)
    found = audit([KNOWN, others], {})
    assert [licence.id for licence in found.missing] == [5], "what others wrote may go without a word"
    assert not found.clean


def test_a_licence_that_halosync_wrote_at_another_client_was_moved() -> None:
    elsewhere = replace(KNOWN, licence=replace(LICENCE, client_id=2))
    found = audit([KNOWN], {5: elsewhere})
    assert [licence.client_id for licence in found.moved] == [2]
    assert (found.missing, found.clean) == ([], False)
    others = replace(KNOWN, owned=False)
    assert audit([others], {5: replace(elsewhere, owned=False)}).moved == []
