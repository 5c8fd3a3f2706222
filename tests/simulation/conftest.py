import pytest
from simulation.__main__ import quiet


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet()
