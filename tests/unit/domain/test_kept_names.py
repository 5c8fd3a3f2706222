"""By which name a licence of ours is known again, whatever Halo or a person made of it."""

from decimal import Decimal

import pytest
from halosync.domain.model import Action, Outcome, WrittenLicence

from .kept_state import items, only
from .worlds import licence, line

RENAMED = licence(name="MS&amp;365")
BY_HALO = WrittenLicence("MS-365", "MS-365", "MS&amp;365")
BY_A_PERSON = WrittenLicence("MS-365")


def test_a_name_that_halo_made_of_ours_is_left_and_nothing_is_created() -> None:
    item = only(licences=[RENAMED], written={1: BY_HALO})
    assert (item.action, item.outcome, item.halo_licence_id) == (Action.UNCHANGED, Outcome.SYNCED, 1)
    assert item.licence_name == "MS&amp;365"
    changed = only(lines=[line(quantity=Decimal(13))], licences=[RENAMED], written={1: BY_HALO})
    assert (changed.action, changed.set_name, changed.halo_licence_id) == (Action.UPDATE, None, 1)


def test_a_licence_of_ours_that_a_person_renamed_gets_its_name_back() -> None:
    item = only(licences=[licence(name="Theirs")], written={1: BY_A_PERSON})
    assert (item.action, item.set_name, item.halo_licence_id) == (Action.UPDATE, "MS-365", 1)
    assert item.was is not None, "an undo gives it back its name"
    assert item.was.name == "Theirs"
    assert only(licences=[licence(quantity=Decimal(9))]).was is None
    linked = only(licences=[licence(name="Theirs")], written={1: BY_A_PERSON}, product_links={"MS-365": "Office"})
    assert (linked.action, linked.set_name, linked.halo_licence_id) == (Action.UPDATE, "Office", 1)


@pytest.mark.parametrize("written", [BY_HALO, BY_A_PERSON])
def test_a_licence_of_the_very_name_goes_before_one_that_is_known(written: WrittenLicence) -> None:
    of_client = [RENAMED, licence(2)]
    unchanged, cleaned_up = items(licences=of_client, written={1: written})
    assert (unchanged.halo_licence_id, unchanged.action) == (2, Action.UNCHANGED)
    assert (cleaned_up.halo_licence_id, cleaned_up.action) == (1, Action.DELETE)


@pytest.mark.parametrize(
    "written", [BY_A_PERSON, WrittenLicence("MS-365", "MS-365", "MS 365"), WrittenLicence(None, "MS-365", "MS 365")]
)
def test_a_licence_that_a_person_called_after_another_product_is_that_products(written: WrittenLicence) -> None:
    lines = [line(), line(2, product_code="AV-1")]
    other, create = items(lines=lines, licences=[licence(name="AV-1")], written={1: written})
    assert (other.product_code, other.halo_licence_id, other.action) == ("AV-1", 1, Action.UNCHANGED)
    assert (create.product_code, create.action) == ("MS-365", Action.CREATE)


def test_two_names_that_halo_cuts_to_one_stay_two_licences() -> None:
    lines = [line(product_code="LONG-A"), line(2, product_code="LONG-B"), line(3, product_code="LONG")]
    licences = [licence(number, name="LONG") for number in (1, 2, 3)]
    written = {1: WrittenLicence("LONG-A", "LONG-A", "LONG"), 2: WrittenLicence("LONG-B", "LONG-B", "LONG")}
    found = {item.product_code: item for item in items(lines=lines, licences=licences, written=written)}
    assert {code: item.halo_licence_id for code, item in found.items()} == {"LONG-A": 1, "LONG-B": 2, "LONG": 3}
    assert {item.action for item in found.values()} == {Action.UNCHANGED}


def test_the_licence_of_a_product_that_is_gone_is_cleaned_up_whatever_halo_calls_it() -> None:
    licences = [licence(1, name="LONG"), licence(3, name="LONG")]
    kept, gone = items(
        lines=[line(product_code="LONG")],
        licences=licences,
        written={1: WrittenLicence("LONG-A", "LONG-A", "LONG"), 3: WrittenLicence("LONG")},
    )
    assert (kept.halo_licence_id, kept.action) == (3, Action.UNCHANGED)
    assert (gone.halo_licence_id, gone.action) == (1, Action.DELETE)


def test_what_was_written_for_a_product_that_left_goes_by_its_own_name() -> None:
    [created, cleaned_up] = items(
        lines=[line(product_code="AV-1")], licences=[licence(name="Theirs")], written={1: BY_A_PERSON}
    )
    assert (created.action, cleaned_up.action, cleaned_up.halo_licence_id) == (Action.CREATE, Action.DELETE, 1)


@pytest.mark.parametrize("links", [{}, {"R&D": "r&d"}])
def test_a_name_that_halo_escaped_is_known_although_nobody_could_look_up_the_create(links: dict[str, str]) -> None:
    of_halo, lines = licence(name="R&amp;D"), [line(product_code="R&D")]
    item = only(lines=lines, licences=[of_halo], product_links=links)
    assert (item.action, item.halo_licence_id, item.licence_name) == (Action.UNCHANGED, 1, "R&amp;D")
    changed = only(lines=[line(product_code="R&D", quantity=Decimal(13))], licences=[of_halo])
    assert (changed.action, changed.set_name, changed.halo_licence_id) == (Action.UPDATE, None, 1)
    very_name, cleaned_up = items(lines=lines, licences=[of_halo, licence(2, name="R&D")])
    assert (very_name.halo_licence_id, cleaned_up.halo_licence_id) == (2, 1)
    literal, create = items(lines=[*lines, line(2, product_code="R&amp;D")], licences=[of_halo])
    assert (literal.product_code, literal.halo_licence_id, create.action) == ("R&amp;D", 1, Action.CREATE)
