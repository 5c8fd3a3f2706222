"""Alerts, dashboard and runbook fit each other and the metrics that there are."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from devstack.command import run
from halosync.observability import metrics
from prometheus_client.metrics import MetricWrapperBase

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "monitoring"
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
_METRIC = re.compile(r"halosync_[a-z0-9_]+")
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "info": ("_info",), "gauge": ("",)}


def told() -> set[str]:
    """The names of the series that processes tell."""
    ours = (*vars(metrics).values(), *metrics.FIGURES.values())
    described = [each for metric in ours if isinstance(metric, MetricWrapperBase) for each in metric.describe()]
    return {each.name + suffix for each in described for suffix in _SUFFIXES[each.type]}


def test_alerts_and_dashboard_ask_for_what_there_is() -> None:
    asked = [rule["expr"] for rule in RULES]
    asked += [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    names = {name for expression in asked for name in _METRIC.findall(expression)}
    assert names
    assert names - told() == set()


def test_each_alert_has_its_section_in_the_runbook() -> None:
    sections = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text("utf-8"), re.MULTILINE)
    assert sections == [rule["alert"] for rule in RULES]


def test_each_alert_is_tried_where_it_fires_and_where_nothing_is_wrong() -> None:
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text("utf-8"))["tests"]
    tried = [each for test in tests for each in test["alert_rule_test"]]
    alerts = {rule["alert"] for rule in RULES}
    assert {each["alertname"] for each in tried if each["exp_alerts"]} == alerts
    assert {each["alertname"] for each in tried if not each["exp_alerts"]} == alerts


async def test_promtool_fires_each_alert_on_what_it_is_for() -> None:
    if not (promtool := shutil.which("promtool")):
        pytest.skip("there is no promtool, of Debian's package prometheus; names and cases are checked all the same")
    await run([promtool, "check", "rules", FOLDER / "alerts.yml"], env=os.environ)
    assert "SUCCESS" in await run([promtool, "test", "rules", FOLDER / "alerts_test.yml"], env=os.environ)
