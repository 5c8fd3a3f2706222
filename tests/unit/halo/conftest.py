"""A Halo that answers what a test wants, and who reads it."""

import pytest
from halosync.halo.read import HaloReader

from .answering_halo import Halo


@pytest.fixture(scope="module")
def halo() -> Halo:
    return Halo()


@pytest.fixture
def reader(halo: Halo) -> HaloReader:
    halo.requests.clear()
    return HaloReader(halo.transport, page_size=50)
