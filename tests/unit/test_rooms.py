"""Every service has the same rooms (architecture section "Layers")."""

from pathlib import Path

import pytest

SERVICES = Path(__file__).resolve().parents[2] / "services"
ROOMS = {"environment.py", "ports.py", "assembly.py", "app.py", "composition.py", "__main__.py"}


@pytest.mark.parametrize("service", ["planner", "halo_writer", "auth", "report_api"])
def test_a_service_has_the_rooms_that_every_service_has(service: str) -> None:
    folder = SERVICES / service.replace("_", "-") / "src" / service
    assert {path.name for path in folder.glob("*.py")} >= ROOMS
