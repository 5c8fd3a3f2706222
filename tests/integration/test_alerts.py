"""The alerts, tried by Prometheus' own tool on made-up series; without it tests/unit checks names and cases."""

import os
from pathlib import Path

import pytest
from devstack.command import run
from devstack.promtool import PACKAGE, promtool

pytestmark = pytest.mark.integration

FOLDER = Path(__file__).parents[2] / "deploy" / "monitoring"


async def test_promtool_fires_each_alert_on_what_it_is_for() -> None:
    if (tool := await promtool()) is None:
        pytest.skip(f"there is no promtool here, and the Debian package {PACKAGE} cannot be installed by itself")
    await run([tool, "check", "rules", FOLDER / "alerts.yml"], env=os.environ)
    assert "SUCCESS" in await run([tool, "test", "rules", FOLDER / "alerts_test.yml"], env=os.environ)
