"""A process holds only what it uses: each megabyte is there four times, and once more for each replica."""

import os
import sys

import pytest
from devstack.command import run

LEFT_OUT = ("pygments", "rich", "holidays", "fpdf", "fontTools", "authlib", "opentelemetry.sdk", "typer")

LOADED = """
import gc, importlib, sys
from halosync import launch
main = importlib.import_module
launch.import_module = lambda name: main(name) and type("Module", (), {"main": staticmethod(lambda: None)})
launch.launch(sys.argv[1])
assert gc.get_freeze_count() > 20_000, "what was loaded is looked through again and again"
assert gc.get_threshold()[0] == launch.NEW_VALUES
print(*sorted(name for name in sys.argv[2:] if name in sys.modules))
"""


@pytest.mark.parametrize("service", ["auth", "planner", "halo_writer", "report_api"])
async def test_a_service_does_not_load_what_it_does_not_use(service: str) -> None:
    told = await run([sys.executable, "-c", LOADED, f"{service}.composition", *LEFT_OUT], env=os.environ)
    assert told.split() == []
