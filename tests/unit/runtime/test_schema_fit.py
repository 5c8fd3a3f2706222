"""Which schema a process works on, and for which it waits (spec section 12)."""

from collections.abc import Mapping

import pytest
from halosync.store.schema_fit import AppliedPart, NeededSchema, misfit, wanted
from halosync.version import VERSION, numbers

WANTS = NeededSchema({"0001_first": "a", "0002_more": "b"}, "c", "1.9.0")
FITS: Mapping[str, AppliedPart] = {
    "0001_first": AppliedPart("a", "1.0.0"),
    "0002_more": AppliedPart("b", "1.9.0"),
    "schema": AppliedPart("c", "1.9.0"),
}


def test_its_own_schema_fits_by_whichever_version_it_was_applied() -> None:
    assert misfit(FITS, WANTS) is None
    assert misfit({**FITS, "schema": AppliedPart("c", "1.2.0")}, WANTS) is None


def test_an_old_process_works_beside_the_new_ones_on_their_schema() -> None:
    newer = {**FITS, "0003_most": AppliedPart("d", "1.10.0"), "schema": AppliedPart("e", "1.10.0")}
    assert misfit(newer, WANTS) is None


@pytest.mark.parametrize(
    ("has", "why"),
    [
        ({}, "lacks 0001_first, 0002_more"),
        (
            {"0001_first": AppliedPart("a", "1.0.0"), "schema": AppliedPart("c", "1.0.0")},
            "lacks 0002_more of version 1.9.0",
        ),
        ({**FITS, "0001_first": AppliedPart("x", "1.0.0")}, "another 0001_first"),
        ({name: has for name, has in FITS.items() if name != "schema"}, "lacks functions and views"),
        ({**FITS, "schema": AppliedPart("e", "1.8.9")}, "functions and views of version 1.8.9, this is 1.9.0"),
        ({**FITS, "schema": AppliedPart("e", "1.9.0")}, "functions and views of version 1.9.0"),
    ],
    ids=["empty", "a new process on the old schema", "edited", "half done", "gone back", "while it is developed"],
)
def test_for_any_other_it_waits_and_says_what_to_do(has: Mapping[str, AppliedPart], why: str) -> None:
    told = misfit(has, WANTS)
    assert told is not None
    assert why in told
    assert "halosync migrate" in told or "right database" in told


def test_versions_are_compared_by_number() -> None:
    assert numbers("1.10.0") > numbers("1.9.12")
    assert numbers(VERSION)
    assert wanted().version == VERSION
