"""A look-up believes a client's list only when no row can have been passed over."""

import pytest
from halo_writer.client_lists import ClientList
from halosync.domain.completeness import IncompleteReadError, Pages
from halosync.domain.model import Licence, SeenLicence
from halosync.ports.reads import HaloPage


def page(record_count: int, *ids: int) -> HaloPage[SeenLicence]:
    licences = [Licence(number, 1, f"P-{number}", None, None, None, None) for number in ids]
    return HaloPage(record_count, [SeenLicence(licence) for licence in licences])


def test_a_list_of_several_pages_is_looked_through_once_more() -> None:
    listing = ClientList(Pages(size=3))
    for came in (page(4, 1, 2, 3), page(4, 4), page(4, 1, 2, 3)):
        listing.add(came, 1000)
        assert not listing.complete
    listing.add(page(4, 4), 1000)
    assert listing.complete


def test_a_row_that_one_gone_and_one_new_licence_hid_is_noticed() -> None:
    listing = ClientList(Pages(size=3))
    listing.add(page(5, 1, 2, 3), 1000)
    listing.add(page(5, 5, 6), 1000)  # 1 has gone, 6 has come: 4 is on page 1 now
    with pytest.raises(IncompleteReadError, match="asked once more"):
        listing.add(page(5, 2, 3, 4), 1000)
