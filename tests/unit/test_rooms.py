"""Every service has the same rooms (architecture section "Layers"), and report-api one for each feature."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "services"
ROOMS = {"environment.py", "ports.py", "assembly.py", "app.py", "composition.py", "__main__.py"}


@pytest.mark.parametrize("service", ["planner", "halo_writer", "auth", "report_api"])
def test_a_service_has_the_rooms_that_every_service_has(service: str) -> None:
    folder = SERVICES / service.replace("_", "-") / "src" / service
    assert {path.name for path in folder.glob("*.py")} >= ROOMS


def test_the_page_names_every_room_of_report_api_and_no_other() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8").split("## The portal", 1)[1].split("## ", 1)[0]
    folder = SERVICES / "report-api" / "src" / "report_api"
    rooms = {path.parent.name for path in folder.glob("*/__init__.py")} - {"stores"}
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == rooms
