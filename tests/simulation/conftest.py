import pytest
from simulation.__main__ import quiet


@pytest.fixture(autouse=True, scope="session")
def _quiet() -> None:
    quiet()
