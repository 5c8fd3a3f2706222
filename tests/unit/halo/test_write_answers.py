"""Which row of Halo's answer belongs to which write (halo-api section 3)."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from halosync.domain.model import Licence, PriceField
from halosync.domain.retry import FailureClass
from halosync.halo.stored import stored
from halosync.ports.failures import HaloFailure
from halosync.ports.licence_write import LicenceWrite, NewLicence, StoredLicence
from hypothesis import given
from hypothesis import strategies as st

from .write_examples import CREATE, OTHER_CREATE

UPDATE = LicenceWrite(7, 70, name="P-2")


def ids(answer: object, writes: Sequence[LicenceWrite]) -> list[int | None]:
    return [None if each is None else each.licence_id for each in stored(answer, writes)]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ([{"id": 1, "client_id": 7, "name": "P-1"}, {"id": 2, "client_id": 8, "name": "P-1"}, {"id": 70}], [1, 2, 70]),
        ([{"id": 70}, {"id": 2, "client_id": 8, "name": "P-1"}, {"id": 1, "client_id": 7, "name": "p-1 "}], [1, 2, 70]),
        ([{"id": 1, "client_id": 7, "name": "P-1"}], [1, None, None]),
        ([], [None, None, None]),
        ([{"id": 1}, {"id": 2}, {"id": 3}], [None, None, None]),
        ([{"id": 1, "client_id": 7, "name": "P-1"}, {"id": 2, "client_id": 7, "name": "P-1"}], [None, None, None]),
        ([{"id": "1", "client_id": "7", "name": "P-1"}, {"id": "70"}], [1, None, 70]),
        ([{"id": 1, "client_id": [7], "name": ["P-1"]}, {"id": [], "name": {}}], [None, None, None]),
        ([{"id": 1, "name": "P-1"}, {"id": 2, "client_id": 9}], [None, None, None]),
        ([{"id": 70, "client_id": 7, "name": "P-1"}], [None, None, 70]),
        ([{"id": 5, "client_id": 7, "name": "X"}, {"id": 6, "client_id": 8, "name": "Y"}], [5, 6, None]),
        ([{"id": 5, "client_id": 7, "name": "X"}, {"id": 6, "client_id": 7, "name": "Y"}], [None, None, None]),
        ([{"id": 5, "client_id": 7, "name": "X"}, {"id": 1, "client_id": 7, "name": "P-1"}], [1, None, None]),
    ],
    ids=range(13),
)
def test_an_answer_is_matched_by_id_or_by_client_and_name_or_where_one_is_left_over(
    answer: list[dict[str, object]], found: list[int | None]
) -> None:
    assert ids(answer, [CREATE, OTHER_CREATE, UPDATE]) == found


def test_an_array_of_one_is_answered_with_the_bare_object() -> None:
    assert ids({"id": 1, "client_id": 7, "name": "P-1"}, [CREATE]) == [1]
    assert ids({"id": 70}, [UPDATE]) == [70]


@pytest.mark.parametrize("name", ["R&amp;D-SEAT", "R", "", None, "something else"])
def test_the_one_row_of_an_answer_is_the_one_create_whatever_it_is_called(name: str | None) -> None:
    create = LicenceWrite(7, name="R&D-SEAT")
    assert ids({"id": 5, "client_id": 7, "name": name}, [create]) == [5]
    assert ids([{"id": 5, "name": name}], [create]) == [5]
    assert ids({"id": 5}, [UPDATE]) == [None]


def test_escaped_names_tell_the_creates_of_a_client_apart() -> None:
    creates = [LicenceWrite(7, name=name) for name in ("R&D", "Q&A", "Plain", "Cut off here")]
    names = ["Q&amp;A", "Cut", "R&amp;D", "Plain"]
    answer = [{"id": number, "client_id": 7, "name": name} for number, name in enumerate(names, start=1)]
    assert ids(answer, creates) == [3, 1, 4, 2]


def test_the_stamp_of_a_create_tells_it_apart_whatever_halo_makes_of_its_name() -> None:
    stamps = ["0123456789ab", "ba9876543210"]
    creates = [
        LicenceWrite(7, name=f"P-{n}", new=NewLicence(notes=f"Invoice 1\n[halosync {stamp}]"))
        for n, stamp in enumerate(stamps)
    ]
    answer = [
        {"id": 1, "client_id": 7, "name": "X", "notes": f"<p>Invoice 1</p><p>[halosync {stamps[1]}]</p>"},
        {"id": 2, "client_id": 7, "name": "X", "notes": f"[halosync {stamps[0]}]"},
    ]
    assert ids(answer, creates) == [2, 1]


@pytest.mark.parametrize("answer", [None, "ok", 7, True, [1], [None], [[]], {}], ids=repr)
def test_an_answer_that_shows_no_licences_says_nothing(answer: object) -> None:
    assert ids(answer, [UPDATE]) == [None]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"resultCode": 1, "errorMessage": "The agent is locked."}, "The agent is locked."),
        ([{"Message": "No."}], "No."),
        ({"error": "bad"}, "bad"),
        ({"resultCode": 7}, "resultCode 7"),
    ],
)
def test_an_error_object_with_status_200_is_that_error(answer: object, words: str) -> None:
    with pytest.raises(HaloFailure) as failed:
        stored(answer, [CREATE, UPDATE])
    assert (failed.value.failure, failed.value.status) == (FailureClass.FAILED_WHOLE, 200)
    assert failed.value.words == words


def test_a_message_beside_a_licence_is_no_error() -> None:
    assert ids({"id": 1, "client_id": 7, "name": "P-1", "message": "Saved."}, [CREATE]) == [1]


WRITE = LicenceWrite(7, name="P-1", quantity=Decimal(2), price=Decimal("9.5"), billing_cycle="Monthly")
ROW = {"id": 1, "client_id": 7, "name": "P-1", "count": 2.0, "price": 9.5, "billing_cycle": "Monthly"}


def test_an_answer_shows_what_halo_keeps_and_its_warning() -> None:
    [answered] = stored({**ROW, "_warning": " Rounded. "}, [WRITE])
    assert answered is not None
    assert answered.licence == Licence(1, 7, "P-1", Decimal("2.0"), Decimal("9.5"), None, "Monthly")
    assert answered.warning == "Rounded."


@pytest.mark.parametrize("changes", [{"count": {}}, {"deleted": True}], ids=repr)
def test_an_answer_that_is_not_understood_shows_the_id_only(changes: dict[str, object]) -> None:
    assert stored({**ROW, **changes}, [WRITE]) == [StoredLicence(1)]


@pytest.mark.parametrize("field", ["name", "count", "price", "billing_cycle"])
def test_what_was_asked_for_and_is_not_shown_is_not_taken_for_kept(field: str) -> None:
    row = {name: value for name, value in ROW.items() if name != field}
    assert stored(row, [WRITE]) == [StoredLicence(1)]
    assert stored(ROW, [replace(WRITE, is_active=False)]) == [StoredLicence(1)]
    [answered] = stored(ROW, [replace(WRITE, price_field=PriceField.PURCHASE_PRICE)])
    assert answered == StoredLicence(1)


@st.composite
def written_arrays(draw: st.DrawFn) -> tuple[list[LicenceWrite], list[dict[str, object]]]:
    """An array and what a Halo that stored all of it answers."""
    keys = draw(st.lists(st.tuples(st.integers(1, 3), st.sampled_from("abcdef")), unique=True, min_size=1))
    updates = draw(st.sets(st.sampled_from(keys)))
    writes, stored = [], []
    for number, (client_id, name) in enumerate(keys, start=1000):
        writes.append(LicenceWrite(client_id, number if (client_id, name) in updates else None, name=name))
        stored.append({"id": number, "client_id": client_id, "name": name})
    return writes, stored


@given(array=written_arrays(), data=st.data())
def test_no_answer_whatever_its_order_and_gaps_gives_a_write_the_id_of_another(
    array: tuple[list[LicenceWrite], list[dict[str, object]]], data: st.DataObject
) -> None:
    writes, rows = array
    shown = data.draw(st.permutations(rows))[: data.draw(st.integers(0, len(rows)))]
    own = [row["id"] if row in shown else None for row in rows]
    assert ids(shown, writes) == own


@given(
    answer=st.lists(st.dictionaries(st.sampled_from(["id", "client_id", "name"]), st.integers(0, 3) | st.text("ab")))
)
def test_whatever_the_answer_an_id_belongs_to_one_write_of_its_client(answer: list[dict[str, object]]) -> None:
    writes: Sequence[LicenceWrite] = [LicenceWrite(1, name="a"), LicenceWrite(2, name="a"), LicenceWrite(1, 3)]
    found = [each for each in ids(answer, writes) if each is not None]
    assert len(found) == len(set(found))
    for write, licence_id in zip(writes, ids(answer, writes), strict=True):
        rows = [row for row in answer if licence_id is not None and row.get("id") == licence_id]
        assert licence_id is None or rows
        if licence_id is not None and write.licence_id is None:
            assert any(row.get("client_id") == write.client_id for row in rows)
