"""Alerts, dashboard and runbook fit each other and the metrics that there are."""

import json
import re
from pathlib import Path

import promql_parser
import pytest
import yaml
from devstack.fields import Fields
from halosync.domain.accounts import SERVICES
from halosync.observability import metrics
from prometheus_client.metrics import MetricWrapperBase

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "monitoring"
RULES: list[Fields] = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
DASHBOARD: Fields = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "info": ("_info",), "gauge": ("",)}
_OF_THE_TYPE = {"_bucket": {"le"}, "_info": {"version", "process"}}
_OF_PROMETHEUS = {"job", "instance"}
ASKED = [rule["expr"] for rule in RULES] + [
    target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
]


def labels_told() -> dict[str, set[str]]:
    """The series that processes tell by name, each with its labels."""
    found = {"up": set[str]()}  # Prometheus' own
    for metric in (*vars(metrics).values(), *metrics.FIGURES.values()):
        if isinstance(metric, MetricWrapperBase):
            for each in metric.describe():
                for suffix in _SUFFIXES[each.type]:
                    found[each.name + suffix] = {*metric._labelnames, *_OF_THE_TYPE.get(suffix, ())}
    return {name: labels | _OF_PROMETHEUS for name, labels in found.items()}


def told() -> set[str]:
    """The names of the series that processes tell."""
    return set(labels_told())


class Question:
    """What an expression asks for: series, the values of labels that it wants, and labels that it goes by."""

    def __init__(self, expression: str) -> None:
        self.series: list[str] = []
        self.wanted: list[tuple[str, str, str]] = []
        self.by: list[str] = []
        promql_parser.walk(promql_parser.parse(expression), self._visit)

    def _visit(self, node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            self.by += node.modifier.labels
        selector = node.vector_selector if isinstance(node, promql_parser.MatrixSelector) else node
        if isinstance(selector, promql_parser.VectorSelector):
            assert selector.name is not None
            self.series.append(selector.name)
            self.wanted += [(selector.name, one.name, one.value) for one in selector.matchers.matchers]


@pytest.mark.parametrize("expression", ASKED)
def test_alerts_and_dashboard_ask_for_what_there_is(expression: str) -> None:
    question, there = Question(expression), labels_told()
    assert question.series
    assert set(question.series) <= there.keys()
    for series, label, value in question.wanted:
        assert label in there[series]
        assert label != "process" or value in SERVICES
    assert set(question.by) <= {label for series in question.series for label in there[series]}


def test_an_alert_goes_off_for_each_service_that_is_gone() -> None:
    [gone] = [rule for rule in RULES if rule["alert"] == "ServiceGone"]
    by_process = {value for _, label, value in Question(gone["expr"]).wanted if label == "process"}
    assert by_process == set(SERVICES)


def test_each_alert_has_its_section_in_the_runbook() -> None:
    sections = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text("utf-8"), re.MULTILINE)
    assert sections == [rule["alert"] for rule in RULES]


def test_each_alert_is_tried_where_it_fires_and_where_nothing_is_wrong() -> None:
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text("utf-8"))["tests"]
    tried = [each for test in tests for each in test["alert_rule_test"]]
    alerts = {rule["alert"] for rule in RULES}
    assert {each["alertname"] for each in tried if each["exp_alerts"]} == alerts
    assert {each["alertname"] for each in tried if not each["exp_alerts"]} == alerts
