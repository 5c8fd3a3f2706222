"""A process holds only what it uses: each megabyte is there four times, and once more for each replica."""

import json
import os
import sys

import pytest
import pytest_asyncio
from devstack.command import run

SERVICES = ("auth", "planner", "halo_writer", "report_api")
OF_FORMS = ("python_multipart", "multipart")
LEFT_OUT = (
    *("pygments", "rich", "holidays", "fpdf", "fontTools", "authlib", "typer"),
    *("opentelemetry.sdk", "opentelemetry.exporter", "google"),
    *("aiosmtplib", "rapidfuzz", "unittest.case", "uvicorn.supervisors.multiprocess", "pydantic.v1.main"),
    *("pydantic_settings.sources.providers.cli", "unittest.mock"),
)

# What all of them load is loaded once; then each goes on in a process of its own.
LOADED = """
import gc, importlib, json, os, runpy, sys
from halosync import launch
from halosync.runtime.garbage import NEW_VALUES
main = importlib.import_module
launch.import_module = lambda name: main(name) and type("Module", (), {"main": staticmethod(lambda: None)})
launch.launch("halosync.messaging.administration")  # of all, but not Starlette, which takes forms along
for service in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        runpy.run_module(service, run_name="__main__")
        assert gc.get_freeze_count() > 20_000, "what was loaded is looked through again and again"
        assert gc.get_threshold()[0] == NEW_VALUES
        real = [name for name, module in sys.modules.items() if not isinstance(module, launch._Unused)]
        print(json.dumps([service, sorted(real)]), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, service
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def loaded() -> dict[str, list[str]]:
    """The modules that each service has when it begins."""
    told = await run([sys.executable, "-c", LOADED, *SERVICES], env=os.environ)
    return dict(json.loads(line) for line in told.splitlines())


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_does_not_load_what_it_does_not_use(service: str, loaded: dict[str, list[str]]) -> None:
    assert f"{service}.composition" in loaded[service]
    left_out = LEFT_OUT if service == "report_api" else (*LEFT_OUT, *OF_FORMS)
    assert [name for name in loaded[service] if f"{name}.".startswith(tuple(f"{out}." for out in left_out))] == []
