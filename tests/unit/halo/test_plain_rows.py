"""A licence that is plainly written is taken at once, and is what looking at each of its fields makes of it."""

from typing import Any

import pytest
from halosync.domain.foreign_marks import FOREIGN_MARKS
from halosync.halo import rows
from halosync.halo.rows import MOST_NOTES, MOST_SKU, licence
from hypothesis import given
from hypothesis import strategies as st

ROW: dict[str, Any] = {
    "id": 7,
    "client_id": 3,
    "name": "P-1",
    "count": 2,
    "price": 31.5,
    "purchase_price": None,
    "billing_cycle": "Monthly",
    "is_active": True,
    "type": 1,
    "notes": "[halosync 0123456789ab]\nPlan\u00fc",
    "product_sku": "P-1",
}
ODD: tuple[object, ...] = (
    True,
    False,
    None,
    "",
    " ",
    "0",
    "1",
    "7.0",
    0,
    -1,
    2**70,
    1.0,
    0.1,
    -0.0,
    1e300,
    float("nan"),
    [],
    {},
    "\ud800",
)
TEXTS = ("A", "\0", "\u00e4", "[halosync 0123456789ab]", "x" * (MOST_NOTES + 1), "y" * (MOST_SKU + 1))
FIELDS = (*ROW, "deleted", *FOREIGN_MARKS)


def test_a_row_as_halo_writes_it_is_plain() -> None:
    plain = rows._plain(ROW, FOREIGN_MARKS)
    assert plain is not None
    assert plain.licence.stamp == "0123456789ab"


@pytest.mark.parametrize(
    "odd",
    [
        {"deleted": True},
        {"client_id": 0},
        {"client_id": True},
        {"id": "7"},
        {"name": "caf\u00e9"},
        {"name": "a\0"},
        {"count": "2"},
        {"count": True},
        {"price": float("inf")},
        {"is_active": 1},
        {"type": "1"},
        {"snowid": "77"},
    ],
)
def test_what_is_not_plain_is_looked_at_field_by_field(odd: dict[str, object]) -> None:
    assert rows._plain({**ROW, **odd}, FOREIGN_MARKS) is None


@given(st.dictionaries(st.sampled_from(FIELDS), st.sampled_from((*ODD, *TEXTS)), max_size=3))
def test_what_is_plain_is_what_its_fields_make(changed: dict[str, object]) -> None:
    row = {**ROW, **changed}
    plain = rows._plain(row, FOREIGN_MARKS)
    if plain is not None:
        assert repr(plain) == repr(rows._by_field(row, 1, FOREIGN_MARKS))  # of two decimals alike, 1 is not 1.0
        assert licence(row, 1, FOREIGN_MARKS) == plain
